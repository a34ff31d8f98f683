"""What of a secret is shown: nothing but parts that the whole value alone decides, whatever it is composed with."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reconciler.model.kinds import KINDS
from reconciler.model.masking import HIDDEN, KNOWN_DOMAINS, KNOWN_HOSTS, Masker, mask_address
from reconciler.model.values import SecretReference, SecretText
from reconciler.plan.diff import compare_new, diff_fields

MASKER = Masker(b"a key of this run")
SLACK = "https://hooks.slack.com/services/T024BE7LD/B024BE7LH/nS3eXdK8qBv5JyT7hWpL"
LEAST = 4
"""So many characters of a secret in a row give it away."""


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (SLACK, "https://hooks.slack.com/services/T024B…/B024B…/•••"),
        (
            "https://hooks.slack.com/triggers/E01234ABC/A0123/more/of/it",
            "https://hooks.slack.com/triggers/E0123…/A0123/•••",
        ),
        ("https://events.pagerduty.com/v2/enqueue", "https://events.pagerduty.com/•••"),
        ("https://acme.webhook.office.com/webhookb2/abc", "https://•••.webhook.office.com/•••"),
        ("https://alerts.acme.example/hook", "https://•••"),
        ("https://hooks.slack.com:4711/services/T024BE7LD/B024BE7LH/x", "https://•••"),
        ("https://user:pass@hooks.slack.com/services/T0/B0/x", HIDDEN),
        ("https://hooks.slack.com%2eevil/x", HIDDEN),
        ("ftp://hooks.slack.com/x", HIDDEN),
        ("http://[2001:db8::1]:8080/hook", HIDDEN),
        ("Hunter2-and-more", HIDDEN),
        ("", HIDDEN),
    ],
)
def test_a_value_from_elsewhere_shows_what_is_known_of_everybody(address: str, shown: str) -> None:
    assert mask_address(address) == shown


def test_a_host_that_the_manifest_writes_out_is_shown() -> None:
    assert mask_address("https://alerts.acme.example:8443/hook", written=True) == "https://alerts.acme.example:8443/•••"
    assert mask_address("http://[2001:db8::1]:8080/hook", written=True) == HIDDEN, "and not as one without brackets"
    shown = MASKER.show(SecretText("https://alerts.acme.example/hook"), is_address=True, is_desired=True)
    assert shown == {"secret": "https://alerts.acme.example/•••"}
    live = MASKER.show(SecretText("https://alerts.acme.example/hook"), is_address=True)
    assert live == {"secret": "https://•••"}


WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=40)
TENANTS = [f"tenant-of-mine{domain}" for domain in KNOWN_DOMAINS]
HOSTS = st.sampled_from([*sorted(KNOWN_HOSTS), *TENANTS, "alerts.example"])
ADDRESSES = st.builds(lambda host, rest: f"https://{host}/{rest}", HOSTS, WORDS)
SECRETS = st.one_of(WORDS, ADDRESSES, WORDS.map(lambda word: f"https://{word}"), st.text(min_size=8))
FORMS = st.one_of(
    st.sampled_from(
        [
            "",
            "{}",
            "http://x%{}/",
            "https://{}/",
            "https://{}.hooks.slack.com/",
            "https://hooks.slack.com/services/T{}/B0/x",
        ]
    ),
    WORDS.filter(lambda word: "{" not in word and "}" not in word).map(lambda word: f"{word}{{}}"),
)
FIELDS = st.sampled_from(["url", "webhook_url", "header"])


def pieces(secret: str) -> set[str]:
    return {secret[start : start + LEAST] for start in range(len(secret) - LEAST + 1)}


def allowed(text: str) -> str:
    """What may be shown of any secret: the closed list, and our own words."""
    hosts = [f"{scheme}://{host}/" for scheme in ("http", "https") for host in KNOWN_HOSTS]
    paths = [f"https://{host}/{word}/" for host in KNOWN_HOSTS for word in ("services", "workflows", "triggers")]
    keys = json.dumps([[None, {"secret": HIDDEN, "reference": text}]], ensure_ascii=False)
    return " ".join([*hosts, *paths, *(f"{domain}/" for domain in KNOWN_DOMAINS), keys])


def shown_by_a_plan(secret: str, form: str, where: str, live: str | None) -> str:
    reference = SecretReference("env", "PLANTED", form=form)
    value = SecretText(form.replace("{}", secret) if form else secret)
    kind = KINDS["SlackChannel" if where == "webhook_url" else "WebhookChannel"]
    field = "headers" if where == "header" else where
    desired = {field: {"X-Key": reference} if where == "header" else reference}
    if live is None:
        comparison = compare_new(kind, desired, {reference: value}, MASKER)
    else:
        old = {field: {"X-Key": SecretText(live)} if where == "header" else SecretText(live)}
        comparison = diff_fields(kind, desired, old, {reference: value}, MASKER)
    return json.dumps([[change.before, change.after] for change in comparison.changes], ensure_ascii=False)


@given(SECRETS, FORMS, FIELDS, st.none() | SECRETS)
@example("Hunter2-of-the-cluster", "http://x%{}/", "url", None)
@example("Hunter2-of-the-cluster", "https://{}.hooks.slack.com/", "webhook_url", None)
@example("hunter2-of-the-cluster", "", "url", "https://hunter2-of-the-cluster/")
@example("4711471147114711", "https://hooks.slack.com:{}/", "url", "https://hooks.slack.com:4711471147114711/")
def test_no_output_holds_four_characters_of_a_secret_that_are_not_on_the_list(
    secret: str, form: str, where: str, live: str | None
) -> None:
    shown = shown_by_a_plan(secret, form, where, live)
    written = allowed(str(SecretReference("env", "PLANTED", form=form)))
    whole = f"{form.replace('{}', secret) if form else secret} {live}"
    ids = [f"/{part[:5]}…/" for part in whole.split("/") if part[:1] in "TEAB"]
    for planted in [secret, *([live] if live else [])]:
        leaked = {piece for piece in pieces(planted) if piece in shown and piece not in written}
        assert not {piece for piece in leaked if not any(piece in part for part in ids)}
