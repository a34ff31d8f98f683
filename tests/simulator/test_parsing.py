"""Bodies: what is taken, how it reads back, and which error the first thing wrong gives."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.simulator import Simulator
from tests.simulator.conftest import Client, reason

HOOK = {"url": "http://127.0.0.1:1/x"}
SMTP = {"host": "h", "port": 25, "method": "ssl", "from_address": "a@b.org"}
TOPIC = "arn:aws:sns:r:012345678912:t.fifo"
PLACE = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {}, column: {}]"


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b"[]", "parsing_exception", "but found [START_ARRAY]"),
        (b'"x"', "parsing_exception", "but found [VALUE_STRING]"),
        (b"  ", "parsing_exception", "but found [null]"),
        (b"", "parse_exception", "request body is required"),
        (b"{", "json_e_o_f_exception", f"(start marker at {PLACE.format(1, 1)})\n at {PLACE.format(1, 2)}"),
        (b'{"a"', "json_e_o_f_exception", "within/between Object entries"),
        (b'{"a":"x', "json_e_o_f_exception", "Unexpected end-of-input in VALUE_STRING"),
        (b"{a:1}", "json_parse_exception", "('a' (code 97)): was expecting double-quote to start field name"),
        (b'{"a" 1}', "json_parse_exception", "was expecting a colon to separate field name and value"),
        (b'{"a":1 "b":2}', "json_parse_exception", "was expecting comma to separate Object entries"),
        (b'{"a":[1,]}', "json_parse_exception", "(']' (code 93)): expected a value"),
        (b'{"a":1,}', "json_parse_exception", f"to start field name\n at {PLACE.format(1, 8)}"),
        (b'{\n"a":nul}', "json_parse_exception", "Unrecognized token 'nul'"),
        (b'{"a":1]', "json_parse_exception", "Unexpected close marker ']': expected '}'"),
        (b'{"a":#}', "json_parse_exception", "('#' (code 35)): expected a valid value (JSON String"),
        (b'{"a":1.}', "json_parse_exception", "in numeric value: Decimal point not followed by a digit"),
        (b'{"a":+1}', "json_parse_exception", "JSON spec does not allow numbers to have plus signs"),
        (b'{"a":NaN}', "json_parse_exception", "Non-standard token 'NaN'"),
        (b'{"a":"\\u12x"}', "json_parse_exception", "('x' (code 120)): expected a hex-digit"),
        (b'{"a":1 / 2}', "json_parse_exception", "was expecting either '*' or '/' for a comment"),
        (b"]", "json_parse_exception", f"(for root starting at {PLACE.format(1, 0)})"),
        (b'{"a":01}', "json_parse_exception", "Leading zeroes not allowed"),
        (b'{"a":"\\q"}', "json_parse_exception", "Unrecognized character escape 'q' (code 113)"),
        (b'{"a":"\x01"}', "json_parse_exception", "Illegal unquoted character ((CTRL-CHAR, code 1))"),
        (b'{"a":"\xff"}', "json_parse_exception", "Invalid UTF-8 start byte 0xff"),
        (b'{"a":1,"a":2}', "json_parse_exception", f"Duplicate field 'a'\n at {PLACE.format(1, 11)}"),
        (b'{"config":null}', "parsing_exception", "expecting token of type [START_OBJECT] but found [VALUE_NULL]"),
        (b'{"config":{"name":[]}}', "illegal_state_exception", "Can't get text on a START_ARRAY at 1:19"),
        (b'{"config":{}}', "illegal_argument_exception", "name field absent"),
        (b'{"config":{"name":"n"}}', "illegal_argument_exception", "config_type field absent"),
        (b'{"config_id":"a"}', "illegal_argument_exception", "config field absent"),
    ],
)
def test_the_first_thing_wrong_is_named(client: Client, body: bytes, kind: str, said: str) -> None:
    response = client.post_raw(body)

    assert response.json()["error"]["type"] == kind
    assert said in reason(response)
    assert response.status_code == (500 if kind == "illegal_state_exception" else 400)


def test_comments_and_what_follows_the_document_are_let_through(client: Client) -> None:
    body = json.dumps({"config_id": "a", "config": {"name": "n", "config_type": "webhook", "webhook": HOOK}})

    assert client.post_raw(f"/* why */ {body} and more".encode()).status_code == 200


@pytest.mark.parametrize(
    ("kind", "block", "read_back"),
    [
        ("webhook", {**HOOK, "header_params": None}, {**HOOK, "header_params": {}, "method": "POST"}),
        (
            "webhook",
            {**HOOK, "header_params": {"n": 1.50, "b": True}, "method": "patch"},
            {**HOOK, "header_params": {"n": "1.5", "b": "true"}, "method": "POST"},
        ),
        ("smtp_account", {**SMTP, "port": " 25.9 "}, SMTP),
        ("smtp_account", {**SMTP, "method": "SSL"}, {**SMTP, "method": "none"}),
        ("sns", {"topic_arn": TOPIC, "role_arn": None}, {"topic_arn": TOPIC}),
        ("email_group", {"recipient_list": []}, {"recipient_list": []}),
    ],
)
def test_values_are_coerced_and_defaults_filled_in(
    client: Client, kind: str, block: dict[str, Any], read_back: dict[str, Any]
) -> None:
    assert client.create("a", kind, block).status_code == 200

    assert client.config("a")[kind] == read_back


@pytest.mark.parametrize(
    ("kind", "block", "status", "said"),
    [
        ("webhook", {"url": "tcp://h/x"}, 500, "unknown protocol: tcp"),
        ("webhook", {"url": "http://h:abc/"}, 500, 'Error at index 0 in: "abc"'),
        ("webhook", {"url": "mailto:a@b.org"}, 400, "Invalid URL or unsupported"),
        ("webhook", {}, 400, "url field absent"),
        ("slack", {"url": "https://example.org/services"}, 400, "Wrong Slack url."),
        ("microsoft_teams", {"url": "https://webhook.office.com/x"}, 400, "Wrong Microsoft Teams url."),
        ("mattermost", {"url": "https://h/x"}, 400, "Wrong webhook url. Should match"),
        ("smtp_account", {**SMTP, "host": ""}, 400, "host is null or empty"),
        ("smtp_account", {**SMTP, "port": -1}, 400, "port should be positive value"),
        ("smtp_account", {**SMTP, "port": ""}, 400, "empty String"),
        ("smtp_account", {**SMTP, "port": None}, 400, "Current token (VALUE_NULL) not numeric"),
        ("smtp_account", {**SMTP, "port": 3_000_000_000}, 400, "Numeric value (3000000000) out of range of int"),
        ("smtp_account", {**SMTP, "port": "3000000000"}, 400, "Value [3000000000] is out of range for an integer"),
        ("smtp_account", {"host": "h"}, 400, "port field absent"),
        ("ses_account", {"region": "", "from_address": "a@b.org"}, 400, "awsRegion is null or empty"),
        ("ses_account", {"region": "r", "from_address": "a@b.org", "role_arn": "x"}, 400, "Invalid AWS role ARN: x "),
        ("email_group", {}, 400, "recipient_list field absent"),
        ("email_group", {"recipient_list": [{}]}, 400, "recipient field absent"),
        ("email_group", {"recipient_list": "a@b.org"}, 400, "[START_ARRAY] but found [VALUE_STRING]"),
        ("email", {}, 400, "email_account_id field absent"),
        ("email", {"email_account_id": ""}, 400, "emailAccountID is null or empty"),
        ("email", {"email_account_id": "a", "email_group_id_list": [None]}, 500, "Can't get text on a VALUE_NULL"),
    ],
)
def test_blocks_are_checked(
    simulator: Simulator, client: Client, kind: str, block: dict[str, Any], status: int, said: str
) -> None:
    response = client.create("a", kind, block)

    assert response.status_code == status
    assert said in reason(response)
    assert len(simulator.store) == 0


def test_only_the_first_known_block_is_read(client: Client) -> None:
    unexpected = {"slack": {"url": 5}}

    assert client.create("a", "webhook", HOOK, **unexpected).status_code == 200
    content = {"name": "n", "config_type": "webhook", "chime": HOOK, "webhook": HOOK}
    second = client.call("POST", "/configs", json={"config": content})

    assert client.config("a").keys() == {"name", "description", "config_type", "is_enabled", "webhook"}
    assert reason(second) == "ConfigType: webhook and data doesn't match"


def test_slack_and_mattermost_blocks_pass_for_each_other(client: Client) -> None:
    content = {"name": "n", "config_type": "mattermost", "slack": {"url": "https://h/hooks/x"}}
    assert client.call("POST", "/configs", json={"config_id": "a", "config": content}).status_code == 200

    assert client.config("a")["mattermost"] == {"url": "https://h/hooks/x"}


@pytest.mark.parametrize(("enabled", "read"), [("true", True), ("", False)])
def test_enabled_may_be_text(client: Client, enabled: str, read: bool) -> None:
    client.create("a", "webhook", HOOK, is_enabled=enabled)

    assert client.config("a")["is_enabled"] is read


def test_enabled_may_not_be_any_text(client: Client) -> None:
    response = client.create("a", "webhook", HOOK, is_enabled="yes")

    assert reason(response) == "Failed to parse value [yes] as only [true] or [false] are allowed."


@pytest.mark.parametrize(("version", "status"), [("3.6.0", 500), ("3.0.0", 400)])
def test_a_text_too_long_for_the_index_is_refused(version: str, status: int) -> None:
    with Simulator(opensearch_version=version) as simulator:
        client = Client(simulator.url)
        response = client.create("a", "webhook", HOOK, description="ü" * 20_000)
        client.http.close()

    assert response.status_code == status
    assert "immense term" in response.text


@pytest.mark.parametrize(("version", "known"), [("3.5.0", True), ("3.4.0", False)])
def test_mattermost_exists_since_3_5(version: str, known: bool) -> None:
    with Simulator(opensearch_version=version) as simulator:
        client = Client(simulator.url)
        response = client.create("a", "mattermost", {"url": "http://h/hooks/x"})
        client.http.close()

    assert response.status_code == (200 if known else 406)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("3.6.0", "Document version conflict putting a in index .opensearch-notifications-config"),
        ("3.1.0", "Failed to put data object in index .opensearch-notifications-config"),
        ("2.19.5", "[a]: version conflict, document already exists (current version [2])"),
    ],
)
def test_a_duplicate_is_worded_by_version(version: str, said: str) -> None:
    with Simulator(opensearch_version=version) as simulator:
        client = Client(simulator.url)
        client.create("a", "webhook", HOOK)
        client.update("a", "webhook", HOOK)
        response = client.create("a", "webhook", HOOK)
        client.http.close()

    assert (response.status_code, reason(response)) == (409, said)
