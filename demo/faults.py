"""The ways in which a request of the shop can fail, and how often the plain bugs strike."""

from __future__ import annotations

from dataclasses import dataclass, replace

from demo.requests import Cause, Frame


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of failure. `status` is what a handler that catches it answers; `layer` where it arose."""

    cause: Cause
    error_type: str
    frame: Frame
    status: int = 500
    layer: str | None = None


class Failed(Exception):
    """The simulated handler raises `fault`, with this message; `incident` is the id of what brought it on."""

    def __init__(self, fault: Fault, message: str, incident: str | None = None) -> None:
        super().__init__(message)
        self.fault = fault
        self.message = message
        self.incident = incident


_SESSION = "shared/session"

SESSION_NOT_FOUND = Fault(
    "stale_read",
    "SessionNotFoundError",
    Frame(_SESSION, 41, "require_session", "raise SessionNotFoundError(session_id, region)"),
    401,
    "session",
)
SESSION_STALE = Fault(
    "stale_read",
    "StaleSessionError",
    Frame(_SESSION, 47, "require_session", "raise StaleSessionError(found, expected)"),
    409,
    "session",
)
CART_OVERWRITTEN = Fault(
    "lost_update",
    "CartOverwrittenError",
    Frame(_SESSION, 53, "require_session", "raise CartOverwrittenError(found, expected)"),
    409,
    "session",
)
ORDER_NOT_FOUND = Fault(
    "stale_read",
    "OrderNotFoundError",
    Frame("orders/repository", 88, "load", "raise OrderNotFoundError(order_id)"),
    404,
    "database",
)
FILE_UNKNOWN = Fault(
    "local_only",
    "FileNotTrackedError",
    Frame("files/tracker", 29, "locate", "throw new FileNotTrackedError(fileId)"),
    404,
    "file",
)
FILE_NOT_HERE = Fault(
    "local_only",
    "software.amazon.awssdk.services.s3.model.NoSuchKeyException",
    Frame("com/example/shop/download/FileStore", 64, "open", ""),
    500,
    "file",
)
ORDER_LOST = replace(ORDER_NOT_FOUND, cause="failover")  # the application cannot tell
DATABASE_READ_ONLY = Fault(
    "failover",
    "ReadOnlySqlTransactionError",
    Frame("shared/database", 66, "commit", "raise ReadOnlySqlTransactionError(statement)"),
    503,
    "database",
)
DATABASE_DOWN = Fault(
    "failover",
    "DatabaseUnavailableError",
    Frame("shared/database", 38, "connect", "raise DatabaseUnavailableError(host)"),
    503,
    "database",
)
WRITER_UNREACHABLE = replace(DATABASE_DOWN, cause="region_outage")
PROVIDER_SILENT = Fault(
    "dependency_timeout", "Sandbox.Timedout", Frame("payments/provider", 33, "authorise", ""), 502, "external"
)


@dataclass(frozen=True, slots=True)
class Bug:
    """A mistake in the code of a route (or of all: *); `rate` is the share of requests that run into it."""

    route: str
    rate: float
    fault: Fault
    message: str


def _bug(route: str, rate: float, error_type: str, message: str, frame: Frame) -> Bug:
    return Bug(route, rate, Fault("code", error_type, frame), message)


def _new_bug(error_type: str, message: str, frame: Frame) -> Bug:
    return Bug("*", 0.35, Fault("bad_deployment", error_type, frame), message)


# fmt: off
_BUGS = (
    _bug("POST /orders", 0.010, "KeyError", "'discount'",
         Frame("orders/pricing", 57, "total", 'rate = coupon["discount"]')),
    _bug("POST /orders", 0.003, "OverflowError", "int too big to convert",
         Frame("orders/ids", 12, "pack", "return number.to_bytes(4)")),
    _bug("GET /orders", 0.004, "AttributeError", "'NoneType' object has no attribute 'isoformat'",
         Frame("orders/views", 22, "line", "shipped = order.shipped_at.isoformat()")),
    _bug("POST /payments", 0.010, "TypeError", "Cannot read properties of undefined (reading 'currency')",
         Frame("payments/amount", 18, "toMinorUnits", "")),
    _bug("POST /sessions", 0.006, "UnicodeEncodeError", "'ascii' codec can't encode character '\\xf8'",
         Frame("sessions/greet", 14, "greeting", 'return name.encode("ascii")')),
    _bug("PUT /sessions/cart", 0.004, "ZeroDivisionError", "division by zero",
         Frame("sessions/cart", 71, "share", "return fee / len(items)")),
    _bug("GET /profile", 0.008, "TypeError", "'NoneType' object is not subscriptable",
         Frame("profile/address", 35, "street", 'return address["street"]')),
    _bug("PUT /profile", 0.010, "TypeError", "phone.replaceAll is not a function",
         Frame("profile/phone", 9, "normalise", "")),
    _bug("GET /files/{id}", 0.004, "RangeError", "Invalid time value",
         Frame("files/headers", 27, "lastModified", "")),
)
NEW_BUGS = {  # that come with a bad deployment of a function
    "shop-orders": _new_bug("InvalidOperation", "[<class 'decimal.ConversionSyntax'>]",
                            Frame("orders/money", 24, "exact", "return Decimal(amount.display)")),
    "shop-profile": _new_bug("ModuleNotFoundError", "No module named 'phonenumbers'",
                             Frame("profile/contact", 7, "card", "import phonenumbers")),
    "shop-payments": _new_bug("ReferenceError", "minorUnits is not defined",
                              Frame("payments/amount", 31, "rounded", "")),
}
# fmt: on

BUGS: dict[str, tuple[Bug, ...]] = {
    route: tuple(bug for bug in _BUGS if bug.route == route) for route in {bug.route for bug in _BUGS}
}
