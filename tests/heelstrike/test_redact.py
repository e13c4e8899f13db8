"""A secret never occurs in what is printed, wherever in an address it stands and however it is written."""

from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelstrike.redact import redacted, without_password

SECRETS = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x17F, exclude_characters="\x85\xa0"), min_size=6, max_size=20
).map("Zq7".__add__)
NAMES = st.sampled_from(
    ["password", "PASSWORD", "sslpassword", "token", "api_key", "pass%77ord", "aws_secret_access_key", "passfile"]
)
ENCODINGS = st.sampled_from([lambda text: quote(text, safe=""), lambda text: quote_plus(text), lambda text: text])
SCHEMES = st.sampled_from(["postgresql", "postgresql+psycopg2", "https", "ssh", "s3", "mysql"])


def assert_absent(secret: str, text: str) -> None:
    for form in (secret, quote(secret, safe=""), quote_plus(secret)):
        assert form not in text


@given(SCHEMES, SECRETS, ENCODINGS)
def test_a_password_of_the_user(scheme, secret, encode):
    address = f"{scheme}://clinic:{encode(secret)}@db.example:5432/x"
    assert_absent(secret, without_password(address))
    assert without_password(address).startswith(f"{scheme}://clinic:***@")
    text = f"could not connect to {address} (user clinic, password {secret}, {secret!r})"
    assert_absent(secret, redacted(text, address))
    assert_absent(secret, redacted(f"could not connect to {address}"))


@given(SCHEMES, NAMES, SECRETS.filter(lambda secret: not set(secret) & set("&+%")), ENCODINGS)
def test_a_password_in_the_query(scheme, name, secret, encode):
    address = f"{scheme}://db.example/x?user=a&{name}={encode(secret)}&sslmode=require"
    assert_absent(secret, without_password(address))
    assert "user=a" in without_password(address)
    assert "sslmode=require" in without_password(address)
    assert_absent(secret, redacted(f"{address}: failed for {secret}", address))
    assert_absent(secret, redacted(f"{address}: failed"))


@pytest.mark.parametrize(
    "address",
    [
        "sqlite:////home/me@clinic/mlflow.db",
        "http://127.0.0.1:5000/team",
        "postgresql://me@db/x?sslmode=require",
        "ssh://git@data.example/srv/heelstrike",
        "s3://bucket/a@b",
    ],
)
def test_an_address_without_a_secret_stays(address):
    assert without_password(address) == address


def test_a_token_in_place_of_the_user_and_secrets_of_the_environment(monkeypatch):
    assert without_password("https://ghp_abcdef@git.example/x.git") == "https://***@git.example/x.git"
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0k3n-of-the-clinic")
    monkeypatch.setenv("HEELSTRIKE_STUDY_URL", "postgresql://a:S3cret@db/x")
    assert redacted("Bearer t0k3n-of-the-clinic, S3cret") == "Bearer ***, ***"


def test_a_hidden_secret_stays_hidden_and_the_sentence_stays_whole():
    message = (
        f"{without_password('postgresql://db/x?user=a&password=S3cret')}: the store failed (postgresql://a:***@db)"
    )
    assert redacted(message) == message
    assert message.startswith("postgresql://db/x?user=a&password=***: the store failed")
