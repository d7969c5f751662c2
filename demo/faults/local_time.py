"""Times as the backend tells them: UTC, or local ones while the fault local-times is in force."""

from datetime import datetime, timedelta

from demo.faults.state import FaultFile


def told(moment: datetime, faults: FaultFile) -> str:
    """A naive UTC time as the backend writes it, without a zone."""
    zone = faults.get("local-times")
    return (moment + timedelta(hours=zone["hours"]) if zone else moment).isoformat()
