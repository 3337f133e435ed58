"""Reading JSON over HTTP: one session per source, bounded retries, typed failures, exact numbers, no secret shown.

What belongs here is what every API source shares. What a provider's pages and fields mean does not: see paging.py,
payload.py and the provider's own modules. Reads, GET and a POST that asks a question, are tried again; a change is sent
exactly once, so that no retry can repeat it.
"""

import json
import re
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from orchestration.landing.errors import PermanentFailure, SchemaDrift, TransientFailure

ATTEMPTS = 6
FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
CONNECT_SECONDS = 10.0
READ_SECONDS = 60.0
USER_AGENT = "tokenomics/0.1 (AI cost warehouse)"
RETRIED_STATUS = frozenset({408, 409, 429})
NOT_DONE_STATUS = frozenset({429, 503})
"""Answers to a change that say it was turned away before anything was done."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
REDACTED = "[redacted]"
KEY = re.compile(r"\bsk-[A-Za-z0-9_-]{8,}")
"""What a provider's or gateway's key looks like, whosever it is."""
DETAIL_LENGTH = 300

TRANSPORT_ERRORS = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)

Parameters = Sequence[tuple[str, str]]


class Refused(PermanentFailure):
    """A request refused for good. ``status`` is HTTP's; ``parameter`` and ``code`` the provider's, where given."""

    def __init__(
        self, source: str, message: str, *, status: int, parameter: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(source, message)
        self.status, self.parameter, self.code = status, parameter, code


def utc_now() -> datetime:
    return datetime.now(UTC)


class HeaderSecret(AuthBase):
    """Puts the secret into one header of each request. Being an ``auth``, it keeps a netrc file from replacing it."""

    def __init__(self, header: str, value: str) -> None:
        self._header, self._value = header, value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers[self._header] = self._value
        return request


class NoSecret(AuthBase):
    """Sends no secret, and keeps a netrc file from adding one."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class JsonApi:
    """The API of one source. Use as a context manager; ``get`` answers parsed JSON or raises a typed failure.

    ``secret_env`` is the environment variable named when the key is missing or refused. ``secret_header`` None means an
    API that takes no key. ``sleep`` (seconds) and ``now`` are seams for tests. A key that is missing or cannot be sent
    raises :class:`PermanentFailure` at once.
    """

    def __init__(
        self,
        source: str,
        base_url: str | None,
        *,
        secret: str | None,
        secret_env: str | None,
        secret_header: str | None = "Authorization",
        secret_prefix: str = "Bearer ",
        headers: dict[str, str] | None = None,
        timeout_seconds: float | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        if base_url is None:
            raise PermanentFailure(source, "base_url is missing; write it into sources.yaml")
        self.source, self.secret_env, self.now = source, secret_env, now
        self._secret = None if secret_header is None else self._usable(secret)
        self._base_url = base_url.rstrip("/")
        self._timeout = (CONNECT_SECONDS, timeout_seconds or READ_SECONDS)
        self._sleep = sleep
        self._session = requests.Session()
        if secret_header is None or self._secret is None:
            self._session.auth = NoSecret()
        else:
            self._session.auth = HeaderSecret(secret_header, secret_prefix + self._secret)
        self._session.headers.update({"Accept": "application/json", "User-Agent": USER_AGENT, **(headers or {})})
        if urlsplit(base_url).hostname in LOOPBACK:
            self._session.trust_env = False

    def __enter__(self) -> "JsonApi":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def get(self, path: str, parameters: Parameters = ()) -> Any:
        """The JSON of ``base_url + path``: numbers with a point are ``Decimal``, so that money keeps its digits.

        Raises :class:`TransientFailure` when retries are used up, :class:`Refused` for any other answer than 200 and
        :class:`SchemaDrift` for a body that is not JSON.
        """
        return self._read("GET", path, parameters, None)

    def ask(self, path: str, question: Any, parameters: Parameters = ()) -> Any:
        """The JSON that a POST of ``question`` (sent as JSON) answers, for APIs that take queries that way.

        Raises like :meth:`get`, but tries again only after 429 and 5xx: after a lost answer nobody knows what the
        provider did with the question.
        """
        return self._read("POST", path, parameters, question)

    def change(self, method: str, path: str, body: Any, parameters: Parameters = ()) -> Any:
        """The JSON that a change answers, None for an empty answer. Sent once: only 429 and 503, which say that nothing was
        done, are tried again. ``body`` None sends none; a ``Decimal`` in it leaves as a JSON number with every digit.

        Raises :class:`Refused` for a 4xx or a redirect, and :class:`TransientFailure` after a lost answer or another 5xx:
        then nobody knows whether it was done, and the caller must look.
        """
        call, last = f"{method} {path}", ""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = self._send(method, path, parameters, body)
            except TRANSPORT_ERRORS as error:
                text = f"{call} got no answer ({type(error).__name__}); it may have been done"
                raise TransientFailure(self.source, text) from None
            if 200 <= response.status_code < 300:
                return self._parse(call, response) if response.content else None
            last = f"{response.status_code} ({self._detail(response)})"
            if response.status_code not in NOT_DONE_STATUS:
                if response.status_code >= 500:
                    raise TransientFailure(self.source, f"{call} answered {last}; it may have been done")
                raise self._refusal(call, response)
            wait = self._asked_wait(call, response, min(FIRST_WAIT_SECONDS * 2 ** (attempt - 1), LONGEST_WAIT_SECONDS))
            if attempt < ATTEMPTS:
                self._sleep(wait)
        raise TransientFailure(self.source, f"{call} was turned away {ATTEMPTS} times, at last with {last}; not done")

    def _read(self, method: str, path: str, parameters: Parameters, question: Any) -> Any:
        last = ""
        for attempt in range(1, ATTEMPTS + 1):
            wait = min(FIRST_WAIT_SECONDS * 2 ** (attempt - 1), LONGEST_WAIT_SECONDS)
            try:
                response = self._send(method, path, parameters, question)
            except TRANSPORT_ERRORS as error:
                last = f"no answer ({type(error).__name__})"
                if method != "GET":
                    raise TransientFailure(self.source, f"{method} {path} got {last}; run again later") from None
            else:
                if response.status_code == 200:
                    return self._parse(f"{method} {path}", response)
                if not _is_retried(method, response):
                    raise self._refusal(f"{method} {path}", response)
                last = f"{response.status_code} ({self._detail(response)})"
                wait = self._asked_wait(f"{method} {path}", response, wait)
            if attempt < ATTEMPTS:
                self._sleep(wait)
        raise TransientFailure(
            self.source,
            f"{method} {path} failed {ATTEMPTS} times, at last with {last}; the provider is unavailable. Run again later.",
        )

    def redact(self, text: str) -> str:
        """``text`` without the secret, and without anything that looks like a key."""
        return KEY.sub(REDACTED, text if self._secret is None else text.replace(self._secret, REDACTED))

    def _send(self, method: str, path: str, parameters: Parameters, question: Any) -> requests.Response:
        try:
            return self._session.request(
                method,
                self._base_url + path,
                params=list(parameters),
                data=None if question is None else exact_json(question).encode(),
                headers={} if question is None else {"Content-Type": "application/json"},
                timeout=self._timeout,
                allow_redirects=False,
            )
        except TRANSPORT_ERRORS:
            raise
        except requests.RequestException as error:
            raise PermanentFailure(
                self.source, f"{method} {path} cannot be sent ({type(error).__name__}); check base_url in sources.yaml"
            ) from None

    def _usable(self, secret: str | None) -> str:
        named = f"the environment variable {self.secret_env}" if self.secret_env else "api_key_env in sources.yaml"
        if not secret:
            raise PermanentFailure(self.source, f"no API key; set {named}")
        if not secret.isascii() or not secret.isprintable() or " " in secret:
            raise PermanentFailure(
                self.source, f"the API key holds white space or other characters no key has; set {named} again"
            )
        return secret

    def _parse(self, call: str, response: requests.Response) -> Any:
        try:
            return json.loads(response.content, parse_float=Decimal, parse_constant=str)
        except ValueError:
            raise SchemaDrift(
                self.source, f"{call} answered 200 with a body that is not whole JSON; nothing was landed"
            ) from None

    def _refusal(self, call: str, response: requests.Response) -> Refused:
        status, error = response.status_code, _error_of(response)
        parameter, code = error.get("param"), error.get("code") or error.get("type")
        if status in (401, 403):
            what = "does not know the API key" if status == 401 else "does not allow this API key to read it"
            named = f"the environment variable {self.secret_env}" if self.secret_env else "the key"
            message = f"{call} answered {status}: the provider {what} ({code or 'no reason given'}); check {named}"
        elif 300 <= status < 400:
            message = f"{call} answered {status}, a redirect, which is never followed; check base_url in sources.yaml"
        else:
            message = f"{call} answered {status}: {self._detail(response)}"
        return Refused(
            self.source,
            self.redact(message),
            status=status,
            parameter=parameter if isinstance(parameter, str) else None,
            code=code if isinstance(code, str) else None,
        )

    def _detail(self, response: requests.Response) -> str:
        message = _error_of(response).get("message") or response.reason or "no reason given"
        return self.redact(str(message))[:DETAIL_LENGTH]

    def _asked_wait(self, call: str, response: requests.Response, otherwise: float) -> float:
        asked = _retry_after(response, self.now())
        if asked is None:
            return otherwise
        if asked > LONGEST_WAIT_SECONDS:
            raise TransientFailure(
                self.source,
                f"{call} answered {response.status_code} and asks to wait {asked:.0f} seconds; run again then",
            )
        return max(asked, 0.0)


def exact_json(value: Any) -> str:
    """JSON in which a ``Decimal`` is a number with all its digits; no amount passes through binary floating point."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)}: {exact_json(part)}" for name, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(exact_json(part) for part in value) + "]"
    return json.dumps(value)


def _is_retried(method: str, response: requests.Response) -> bool:
    if method != "GET":
        return response.status_code == 429 or response.status_code >= 500
    told = response.headers.get("x-should-retry")
    if told in ("true", "false"):
        return told == "true"
    return response.status_code in RETRIED_STATUS or response.status_code >= 500


def _retry_after(response: requests.Response, now: datetime) -> float | None:
    """Seconds the provider asks to wait: ``retry-after-ms``, or ``Retry-After`` as seconds or as an HTTP date."""
    for header, unit in (("retry-after-ms", 0.001), ("Retry-After", 1.0)):
        text = response.headers.get(header, "").strip()
        if text.replace(".", "", 1).isdecimal():
            return float(text) * unit
    try:
        moment = parsedate_to_datetime(response.headers["Retry-After"])
    except (KeyError, ValueError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - now).total_seconds()


def _error_of(response: requests.Response) -> dict[str, Any]:
    """The provider's error object, ``{}`` when the body holds none."""
    try:
        body = json.loads(response.content)
    except ValueError:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}
