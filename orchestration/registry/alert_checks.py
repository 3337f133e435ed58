"""What must hold between the destinations and the routes of alerts.yaml."""

from orchestration.registry.alerts import USUAL
from orchestration.registry.folder import Folder
from orchestration.registry.wording import nearest


def check_alerts(folder: Folder) -> None:
    """Add a fault for every destination named twice, and for every name that routes use and nothing declares."""
    document = folder.documents.get("alerts.yaml")
    if document is None:
        return
    known: dict[str, int] = {}
    for one in folder.records.get("destinations", []):
        name = one.record.name
        if name in known:
            folder.faults.append(
                one.fault(("name",), f"destination '{name}' is declared on line {known[name]} already")
            )
        known.setdefault(name, one.line)
    names = {*folder.written_ids("alerts.yaml", "destinations", "name"), *USUAL}
    for one in folder.records.get("routes", []):
        for key in ("to", "escalate_to"):
            for name in getattr(one.record, key) or ():
                if name not in names:
                    folder.faults.append(one.fault((key,), f"destination '{name}' is unknown; {nearest(name, names)}"))
    for name in folder.other_alert_keys.default or ():
        if name not in names:
            folder.faults.append(
                document.fault(("default",), f"destination '{name}' is unknown; {nearest(name, names)}")
            )
