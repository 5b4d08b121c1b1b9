"""Which IP addresses are on the public internet: the only ones that an address typed in by staff may lead to."""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

# Named here although Python knows most: what it says of them has changed from release to release.
CLOSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "192.0.0.0/24",  # the IETF's own; a cloud answers at 192.0.0.192 with the machine's credentials
        "100.64.0.0/10",  # carriers' networks; clouds' inner services
        "198.18.0.0/15",  # for measuring networks
        "192.88.99.0/24",  # relays of 6to4, given up
        "168.63.129.16/32",  # looks public, is a cloud's inner service
    )
)
# Everything that is given out begins so; of the rest only what wraps a public IPv4 address is reached.
GIVEN_OUT = IPv6Network("2000::/3")
CLOSED_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # Teredo and others of the IETF's own
        "2001:db8::/32",  # examples
        "3fff::/20",  # examples
    )
)
NAT64 = IPv6Network("64:ff9b::/96")
# The second half of an address that carries an IPv4 address through a network of IPv4 (ISATAP).
ISATAP = frozenset({0x0000_5EFE, 0x0200_5EFE})


def is_public(address: str) -> bool:
    """Whether an IP address is on the public internet; one that wraps an IPv4 address is judged by that too."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, IPv4Address):
        return _is_public_v4(found)
    wrapped = _wrapped(found)
    if wrapped is not None and not _is_public_v4(wrapped):
        return False
    if found.ipv4_mapped is not None or found in NAT64:
        return True
    return found in GIVEN_OUT and not any(found in network for network in CLOSED_V6)


def _is_public_v4(address: IPv4Address) -> bool:
    special = address.is_multicast or address.is_reserved or address.is_private or address.is_unspecified
    return address.is_global and not special and not any(address in network for network in CLOSED_V4)


def _wrapped(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that the packets may end at."""
    low = IPv4Address(int(address) & 0xFFFF_FFFF)
    if address in NAT64 or (int(address) >> 32) & 0xFFFF_FFFF in ISATAP:
        return low
    return address.ipv4_mapped or address.sixtofour
