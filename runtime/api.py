"""What commands and programs call; every function raises InputError with what to do about it."""

from cpc.runtime.events import Event, human, json_event
from cpc.runtime.load import load, unload
from cpc.runtime.monitor import Filters, Tell, monitor
from cpc.runtime.replace import Report, replace_policy
from cpc.runtime.state import instance_names
from cpc.runtime.status import Count, EndpointStatus, HookStatus, Status, status

replace = replace_policy

__all__ = [
    "Count",
    "EndpointStatus",
    "Event",
    "Filters",
    "HookStatus",
    "Report",
    "Status",
    "Tell",
    "human",
    "instance_names",
    "json_event",
    "load",
    "monitor",
    "replace",
    "status",
    "unload",
]
