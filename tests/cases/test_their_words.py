"""What AWS and botocore say is passed on, case by case, and holds no secret; one target's trouble hides no other."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from reconciler.model.errors import ForbiddenError, TargetError, UnauthorizedError
from reconciler.simulator import Simulator
from tests.cases.projects import Project, project, slack
from tests.providers.support import Script, listing, root, talk, talk_raw

CREDENTIALS = {
    "The security token included in the request is expired": "renew the AWS credentials",
    "The request signature we calculated does not match the signature you provided.": "this machine's clock",
    "User: anonymous is not authorized to perform: es:ESHttpGet": "set auth.sigv4",
}
RIGHTS = (
    "User: arn:aws:iam::123456789012:user/ci is not authorized to perform: es:ESHttpGet because no policy allows it"
)


@pytest.mark.parametrize("member", ["message", "Message"])
@pytest.mark.parametrize("words", list(CREDENTIALS))
def test_a_refusal_that_is_about_credentials_ends_all_calls_in_awss_own_words(words: str, member: str) -> None:
    script = Script([httpx.Response(403, json={member: words})])
    with pytest.raises(UnauthorizedError) as caught:
        talk_raw(script, lambda provider: provider.read_all())
    assert words.rstrip(".") in str(caught.value)
    assert CREDENTIALS[words] in str(caught.value)
    assert len(script.requests) == 1


def test_a_refusal_that_is_about_rights_says_which_and_where_to_grant_them() -> None:
    script = Script([httpx.Response(403, json={"Message": RIGHTS})])
    with pytest.raises(ForbiddenError) as caught:
        talk_raw(script, lambda provider: provider.read_all())
    assert "is not authorized to perform: es:ESHttpGet" in str(caught.value)
    assert "IAM policy" in str(caught.value)


def test_half_a_surrogate_pair_from_a_server_is_text_that_can_be_printed() -> None:
    body = listing().json() | {"config_list": [], "odd": "x"}
    body["config_list"] = [
        {"config_id": "a", "config": {"name": "N", "config_type": "slack", "slack": {"url": "https://x"}}}
    ]
    body["total_hits"] = 1
    text = json.dumps(body).replace('"N"', '"\\ud800 name"')
    found = talk(Script([httpx.Response(200, text=text)]), lambda provider: provider.read_all())
    assert str(found.objects[0].fields["display_name"]).encode() == b"? name"


def test_a_number_without_end_is_one_clear_line() -> None:
    text = '{"config_list": [], "total_hits": ' + "9" * 5000 + "}"
    with pytest.raises(TargetError, match="damaged"):
        talk(Script([httpx.Response(200, text=text)]), lambda provider: provider.read_all())
    assert talk_raw(Script([root("9" * 5000)]), lambda provider: provider.read_server()).version == ""


PROFILES = """[profile sso]
sso_start_url = https://example.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 123456789012
sso_role_name = reader
region = eu-west-1
"""


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"AWS_PROFILE": "sso"}, "run aws sso login"),
        ({"AWS_PROFILE": "nope"}, "correct AWS_PROFILE"),
        (
            {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/reader", "AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent"},
            "AWS_WEB_IDENTITY_TOKEN_FILE",
        ),
    ],
)
def test_credentials_that_aws_cannot_give_are_a_target_that_cannot_be_read(
    tmp_path: Path, simulator: Simulator, environ: dict[str, str], words: str
) -> None:
    made: Project = project(tmp_path, simulator, local="opensearch", aws="opensearch")
    document = json.loads((tmp_path / "reconciler.yaml").read_text())
    document["spec"]["targets"]["aws"] |= {
        "auth": {"sigv4": {"region": "eu-west-1"}},
        "url": simulator.url.replace("127.0.0.1", "localhost"),
    }
    made.write("reconciler.yaml", json.dumps(document))
    made.write(".aws/config", PROFILES)
    made.keep(slack("oncall"))
    nowhere = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1", "HOME": str(tmp_path)}
    surroundings = {**nowhere, "AWS_MAX_ATTEMPTS": "1", **environ}
    done = made.run("plan", environ=surroundings)
    assert done.code == 1
    assert "auth.sigv4" in done.out
    assert words in done.out
    assert 'local (opensearch 3.6.0, by its answers)\n  + SlackChannel "oncall"' in done.out
    assert "Traceback" not in done.everything
    looked = json.loads(made.run("doctor", "--json", environ=surroundings).out)
    (failed,) = [check for check in looked["checks"] if check["health"] == "failure"]
    assert words in f"{failed['text']}; {failed['fix']}"
    assert "correct auth in the project file" not in failed["fix"], "another fix than the answer's own"
