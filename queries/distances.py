"""How far AWS regions are from each other, and so how long a message takes at the very least."""

from __future__ import annotations

from functools import cache
from math import asin, cos, radians, sin, sqrt

# Degrees north and east of the place a region is named after (public maps, to a tenth).
PLACES: dict[str, tuple[float, float]] = {
    "af-south-1": (-33.9, 18.4),  # Cape Town
    "ap-east-1": (22.3, 114.2),  # Hong Kong
    "ap-east-2": (25.0, 121.6),  # Taipei
    "ap-northeast-1": (35.7, 139.7),  # Tokyo
    "ap-northeast-2": (37.6, 127.0),  # Seoul
    "ap-northeast-3": (34.7, 135.5),  # Osaka
    "ap-south-1": (19.1, 72.9),  # Mumbai
    "ap-south-2": (17.4, 78.5),  # Hyderabad
    "ap-southeast-1": (1.3, 103.8),  # Singapore
    "ap-southeast-2": (-33.9, 151.2),  # Sydney
    "ap-southeast-3": (-6.2, 106.8),  # Jakarta
    "ap-southeast-4": (-37.8, 145.0),  # Melbourne
    "ap-southeast-5": (3.1, 101.7),  # Kuala Lumpur
    "ap-southeast-7": (13.8, 100.5),  # Bangkok
    "ca-central-1": (45.5, -73.6),  # Montreal
    "ca-west-1": (51.0, -114.1),  # Calgary
    "eu-central-1": (50.1, 8.7),  # Frankfurt
    "eu-central-2": (47.4, 8.5),  # Zurich
    "eu-north-1": (59.3, 18.1),  # Stockholm
    "eu-south-1": (45.5, 9.2),  # Milan
    "eu-south-2": (41.6, -0.9),  # Aragon
    "eu-west-1": (53.3, -6.3),  # Dublin
    "eu-west-2": (51.5, -0.1),  # London
    "eu-west-3": (48.9, 2.4),  # Paris
    "il-central-1": (32.1, 34.8),  # Tel Aviv
    "me-central-1": (24.5, 54.4),  # United Arab Emirates
    "me-south-1": (26.2, 50.6),  # Bahrain
    "mx-central-1": (20.6, -100.4),  # Querétaro
    "sa-east-1": (-23.5, -46.6),  # São Paulo
    "us-east-1": (38.9, -77.5),  # Northern Virginia
    "us-east-2": (40.0, -83.0),  # Ohio
    "us-west-1": (37.4, -121.9),  # Northern California
    "us-west-2": (45.8, -119.7),  # Oregon
}
EARTH = 6371.0  # km, mean radius
FIBRE = 200.0  # km per ms: light in glass, reference slo-consistency section 4.2
SPREAD = 100.0  # km that a region's zones may be away from its place


@cache
def least_ms(one: str, other: str) -> float:
    """The shortest time a message between two regions can take, ms; 0 if a place is not known."""
    if one == other or one not in PLACES or other not in PLACES:
        return 0.0
    return max(_kilometres(PLACES[one], PLACES[other]) - 2 * SPREAD, 0.0) / FIBRE


def _kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The great circle between two places (haversine formula)."""
    (north, east), (north_2, east_2) = (tuple(map(radians, place)) for place in (one, other))
    chord = sin((north_2 - north) / 2) ** 2 + cos(north) * cos(north_2) * sin((east_2 - east) / 2) ** 2
    return 2 * EARTH * asin(sqrt(chord))
