"""The destinations of a company: what alerts.yaml declares, and those whose usual variables are set. Secrets are read here,
from the environment, and stay inside the transports.
"""

from pathlib import Path
from urllib.parse import quote

from orchestration.alerts.apprise_transport import AppriseTransport
from orchestration.alerts.people import hidden
from orchestration.alerts.routing import Place, Routing
from orchestration.alerts.transports import FileTransport, Transport, WebhookTransport
from orchestration.people import read_people
from orchestration.project import Home
from orchestration.registry import RegistryError, load_alert_settings
from orchestration.registry.alerts import USUAL, AlertSettings, Destination, Limits
from orchestration.settings import SettingsError, find_secret, load_settings

WEBHOOK_SECRET = "ALERT_WEBHOOK_SECRET"
SMTP_PORT, SMTP_USER, SMTP_PASSWORD = "SMTP_PORT", "SMTP_USER", "SMTP_PASSWORD"
SMTP_FROM, SMTP_TO, SMTP_SECURITY = "SMTP_FROM", "SMTP_TO", "SMTP_SECURITY"
SECURITY = {"starttls": ("mailtos", "starttls"), "ssl": ("mailtos", "ssl"), "none": ("mailto", "insecure")}


def configured(home: Home) -> Routing:
    """Where the alerts of the company that the settings name go. A file that cannot be read is a fault, and never silence:
    everything then goes to the usual destinations. People appear in them as they are published.
    """
    try:
        company = load_settings().company
        found = routing(home.alerts, load_alert_settings(company) if company else AlertSettings())
    except (RegistryError, SettingsError) as error:
        found = routing(home.alerts, AlertSettings(), faults=(f"alerts.yaml is not used: {error}",))
    return hidden(found, read_people(home.root))


def routing(folder: Path, settings: AlertSettings, faults: tuple[str, ...] = ()) -> Routing:
    """Every destination of the company by name, the file in ``folder`` first."""
    places = [Place("file", FileTransport(folder), hears_all=True)]
    places += [_declared(one, settings.limits) for one in settings.destinations]
    taken = {place.name for place in places} | {
        name for one in settings.destinations for name, variable in USUAL.items() if one.url_env == variable
    }
    places += [place for place in _usual(settings.limits) if place.name not in taken]
    return Routing({place.name: place for place in places}, settings, faults)


def missing(settings: AlertSettings) -> list[str]:
    """What destinations that alerts.yaml names lack, in words."""
    declared = [
        f"alerts.yaml: destination {one.name}: {fault}" for one in settings.destinations if (fault := _lacks(one))
    ]
    named = {name for route in settings.routes for name in (*route.to, *(route.escalate_to or ()))}
    named |= set(settings.default or ())
    there = {one.name for one in settings.destinations} | {place.name for place in _usual(settings.limits)}
    unset_usual = [
        f"alerts.yaml: destination {name}: the environment variable {USUAL[name]} is not set"
        for name in sorted(named - there)
        if name in USUAL
    ]
    return declared + unset_usual


def half_set(settings: AlertSettings) -> list[str]:
    """A sentence where of the two variables of the usual webhook one is set, so that nothing is sent to it."""
    url, secret = USUAL["webhook"], WEBHOOK_SECRET
    if any(one.url_env == url for one in settings.destinations) or bool(find_secret(url)) == bool(find_secret(secret)):
        return []
    unset = secret if find_secret(url) else url
    return [f"alerts go to no webhook: it needs {url} and {secret}, and {unset} is not set"]


def _declared(one: Destination, limits: Limits) -> Place:
    lacks, url = _lacks(one), find_secret(one.url_env)
    transport: Transport | None = None
    if not lacks and url:
        if one.kind == "webhook":
            transport = WebhookTransport(url, find_secret(one.secret_env or "") or "", one.name)
        else:
            transport = AppriseTransport(one.name, one.kind, url, one.to == "owner")
    for_owner = one.to == "owner"
    default = limits.per_person_per_hour if for_owner else limits.per_destination_per_hour
    return Place(
        one.name,
        transport,
        lacks,
        for_owner=for_owner,
        takes_without_owner=not for_owner,
        keeps_state=one.kind == "pagerduty",
        per_hour=one.max_per_hour or (None if one.kind == "webhook" else default),
    )


def _lacks(one: Destination) -> str:
    unset = [name for name in (one.url_env, one.secret_env) if name is not None and not find_secret(name)]
    return f"the environment variable {' and '.join(unset)} is not set" if unset else ""


def _usual(limits: Limits) -> list[Place]:
    found = []
    url, secret = find_secret(USUAL["webhook"]), find_secret(WEBHOOK_SECRET)
    if url and secret:
        found.append(Place("webhook", WebhookTransport(url, secret), hears_all=True))
    if slack := find_secret(USUAL["slack"]):
        transport = AppriseTransport("slack", "slack", slack)
        found.append(Place("slack", transport, per_hour=limits.per_destination_per_hour))
    if host := find_secret(USUAL["email"]):
        mail = AppriseTransport("email", "email", _mail_url(host), to_owner=True)
        everyone = find_secret(SMTP_TO) is not None
        per_hour = limits.per_person_per_hour
        found.append(Place("email", mail, for_owner=True, takes_without_owner=everyone, per_hour=per_hour))
    return found


def _mail_url(host: str) -> str:
    """The address of the mail server from SMTP_*: to the owner, or to SMTP_TO where an alert has none."""
    user, password = find_secret(SMTP_USER), find_secret(SMTP_PASSWORD)
    scheme, mode = SECURITY.get((find_secret(SMTP_SECURITY) or "starttls").lower(), SECURITY["starttls"])
    login = f"{quote(user, safe='')}:{quote(password or '', safe='')}@" if user else ""
    port = find_secret(SMTP_PORT)
    sender = find_secret(SMTP_FROM) or (user if user and "@" in user else f"tokenomics@{host}")
    to = find_secret(SMTP_TO) or sender
    query = f"smtp={quote(host, safe='')}&from={quote(sender, safe='')}&to={quote(to, safe=',')}&mode={mode}"
    return f"{scheme}://{login}{host}{f':{port}' if port else ''}?{query}"
