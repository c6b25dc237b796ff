"""The people who use the shop; everything about them is made up."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from random import Random

from demo.regions import BY_NAME, NAMES, REGIONS
from demo.replication import Version

FIRST_ID = 1000
TRAVELLERS = "42"  # users whose id ends so are frequent travellers, and the shop's best customers: u-1042 …
TRAVELLER_ACTIVITY = 20.0  # times the median user's
TRAVELLER_ROAMING = 0.12  # chance per request of being routed elsewhere
ROAMING = 0.0008
RECENT = 5  # files and orders a user still asks for

GIVEN = ("aoife", "bram", "chen", "dila", "emeka", "fay", "gor", "hana", "ines", "jonas", "kiran", "lia")
FAMILY = ("ade", "byrne", "costa", "dubois", "eide", "fischer", "garcia", "haddad", "ito", "jansen", "khan")
CARDS = ("4242424242424242", "5555555555554444", "4000056655665556", "378282246310005")  # test numbers
AGENTS = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Safari/604.1",
    "shop-android/7.4.1 (Android 15; okhttp/4.12)",
)
IBAN = "DE89370400440532013000"  # the registry's example


@dataclass(slots=True, eq=False)
class User:
    """Who they are, where they are now, and what of theirs the shop holds."""

    id: str
    email: str
    phone: str
    ip: str
    card: str
    home: str
    near: str  # the region nearest to where they are
    region: str  # where their last request went
    agent: str
    traveller: bool
    roaming: float  # chance per request of being routed to another region
    activity: float  # how often they come, relative to others
    session: str
    held: Version | None = None  # version of the session their client last saw
    files: deque[str] = field(default_factory=lambda: deque(maxlen=RECENT))
    orders: deque[str] = field(default_factory=lambda: deque(maxlen=RECENT))
    allowance: float = 0.0  # requests the usage plan still grants, as of `allowed_at`
    allowed_at: float = 0.0


@dataclass(slots=True, eq=False)
class Client:
    """One browser tab or app of a user: where its requests go, and the session it holds."""

    user: User
    near: str
    region: str
    session: str
    held: Version | None
    came_from: str | None = None  # the region before, if the next request is routed anew
    looked_up: bool = False  # whether it asks the DNS before the next request

    def at(self, near: str) -> Client:
        """The same in another network."""
        self.near = self.region = near
        return self

    def saw(self, version: Version) -> None:
        """An answer told the client of this version of its session; all tabs with that session share it."""
        self.held = version
        if self.user.session == self.session:
            self.user.held = version


def population(count: int, rng: Random) -> list[User]:
    """The first `count` users, in the order of their ids."""
    return [_user(FIRST_ID + index, rng) for index in range(count)]


def _user(number: int, rng: Random) -> User:
    home = rng.choices(NAMES, [region.share for region in REGIONS])[0]
    id = f"u-{number}"
    traveller = id.endswith(TRAVELLERS)
    return User(
        id=id,
        email=f"{rng.choice(GIVEN)}.{rng.choice(FAMILY)}{number}@example.com",
        phone=_phone(home, rng),
        ip=f"{BY_NAME[home].network}.{rng.randint(1, 254)}",
        card=rng.choice(CARDS),
        home=home,
        near=home,
        region=home,
        agent=rng.choice(AGENTS),
        traveller=traveller,
        roaming=TRAVELLER_ROAMING if traveller else ROAMING,
        activity=TRAVELLER_ACTIVITY if traveller else rng.lognormvariate(0, 0.7),
        session=f"s-{rng.getrandbits(80):020x}",
    )


def _phone(home: str, rng: Random) -> str:
    """A number from the ranges that Ofcom, NANPA and ACMA keep free for fiction."""
    if home == "us-east-1":
        return f"+1 202-555-01{rng.randint(0, 99):02d}"
    if home == "ap-southeast-1":
        return f"+61 491 570 {rng.choice(('006', '156', '157', '158', '159', '110'))}"
    return f"+44 7700 900{rng.randint(0, 999):03d}"
