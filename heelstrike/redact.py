"""Hiding of passwords and tokens in addresses and in the messages of other libraries, which repeat addresses."""

import os
import re
from urllib.parse import quote, quote_plus, unquote, unquote_plus

HIDDEN = "***"
# the user's name ends at the first colon; a password may hold slashes and further @
_CREDENTIALS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*:/{2,3})(?P<user>[^:/?@\s]*)(?P<password>:[^\s]*)?@")
_PARAMETER = re.compile(r"(?P<before>[?&;])(?P<name>[^=&?;\s]+)=(?P<value>[^&\s]*)")
_ALREADY_HIDDEN = re.compile(r"\*\*\*[]:;,.)'\"]*")  # with the punctuation of a sentence behind it
_SECRET_NAME = re.compile("pass|pwd|secret|token|key|credential|auth|signature|^sig$", re.IGNORECASE)
_SECRET_VARIABLES = (
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "PGPASSWORD",
    "PREFECT_API_KEY",
    "PREFECT_API_AUTH_STRING",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)
_SHORTEST = 4  # shorter secrets are hidden in addresses, but not searched for in text, where they are parts of words


def without_password(address: str) -> str:
    """Return an address with every password and token hidden: of its user and in its query.

    In an HTTP address a user without a password is a token, and hidden as well. Where it is not certain what belongs to
    the password, more is hidden rather than less.
    """
    for secret in sorted(_secrets_of(address), key=len, reverse=True):
        address = address.replace(f":{secret}@", f":{HIDDEN}@").replace(f"={secret}", f"={HIDDEN}")
    return _PARAMETER.sub(_hide_value, _CREDENTIALS.sub(_hide_credentials, address))


def redacted(text: str, *addresses: str) -> str:
    """Return a text without passwords and tokens.

    Hidden are those of the addresses, those of the environment variables that hold addresses or secrets, and those of
    everything in the text that looks like an address.

    Args:
        text: For instance the message of another library.
        addresses: Addresses that the text may repeat, whole or in parts.
    """
    variables = [value for value in os.environ.values() if "://" in value]
    secrets = {os.environ[name] for name in _SECRET_VARIABLES if os.environ.get(name)}
    for address in (*addresses, *variables):
        secrets |= _secrets_of(address)
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, HIDDEN)
    return _PARAMETER.sub(_hide_value, _CREDENTIALS.sub(_hide_credentials, text))


def _secrets_of(address: str) -> set[str]:
    """Return the secrets of one address, each as written and decoded, and encoded again as libraries print it."""
    secrets = set[str]()
    credentials = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/{2,3}([^:/?@]*)(?::(.*))?@", address, re.DOTALL)
    if credentials:
        password = credentials[2]
        secrets.add(password if password is not None else credentials[1] if _is_http(address) else "")
    for parameter in address.partition("?")[2].split("&"):
        name, _, value = parameter.partition("=")
        if _is_secret(name):
            secrets.add(value)
    decoded = secrets | {unquote(secret) for secret in secrets} | {unquote_plus(secret) for secret in secrets}
    encoded = {quote(secret, safe="") for secret in decoded} | {quote_plus(secret) for secret in decoded}
    return (decoded | encoded) - {"", HIDDEN}


def _hide_credentials(match: re.Match[str]) -> str:
    if match["password"] is not None:
        return f"{match['scheme']}{match['user']}:{HIDDEN}@"
    return f"{match['scheme']}{HIDDEN if _is_http(match['scheme']) and match['user'] else match['user']}@"


def _hide_value(match: re.Match[str]) -> str:
    value = match["value"]
    if value and _is_secret(match["name"]) and not _ALREADY_HIDDEN.fullmatch(value):
        value = HIDDEN
    return f"{match['before']}{match['name']}={value}"


def _is_http(address: str) -> bool:
    return address.lower().startswith(("http:", "https:"))


def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(unquote_plus(name)) is not None
