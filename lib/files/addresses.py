"""Which network addresses a URL that a caller named may lead to: those of the public internet."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

type Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Takes a host name and a port, gives the host's addresses. Raises `OSError` or `ValueError` where there are none."""

# Own tables, since what `ipaddress` calls global differs between patch releases of Python, and includes multicast.
_NOT_PUBLIC_IPV4 = (  # https://www.iana.org/assignments/iana-ipv4-special-registry
    "0.0.0.0/8",  # this network; 0.0.0.0 reaches the local machine
    "10.0.0.0/8",  # private
    "100.64.0.0/10",  # carrier-grade NAT; Alibaba Cloud's metadata service
    "127.0.0.0/8",  # loopback
    "168.63.129.16/32",  # Azure's host, which looks public
    "169.254.0.0/16",  # link-local; most clouds' metadata service
    "172.16.0.0/12",  # private
    "192.0.0.0/24",  # protocol assignments; Oracle Cloud's metadata service
    "192.0.2.0/24",  # documentation
    "192.31.196.0/24",  # AS112
    "192.52.193.0/24",  # AMT
    "192.88.99.0/24",  # relays of 6to4
    "192.168.0.0/16",  # private
    "192.175.48.0/24",  # AS112
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, broadcast
)
# All global unicast lies in one block. Loopback, link-local, unique local, multicast, IPv4-mapped and NAT64 do not.
_GLOBAL_UNICAST_IPV6 = "2000::/3"
_NOT_PUBLIC_IPV6 = (  # https://www.iana.org/assignments/iana-ipv6-special-registry
    "2001::/23",  # protocol assignments: Teredo (holds an IPv4 address), benchmarks, ORCHID
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4 (holds an IPv4 address)
    "3fff::/20",  # documentation
)


@cache
def _networks() -> tuple[tuple[IPv4Network, ...], IPv6Network, tuple[IPv6Network, ...]]:
    return (
        tuple(map(IPv4Network, _NOT_PUBLIC_IPV4)),
        IPv6Network(_GLOBAL_UNICAST_IPV6),
        tuple(map(IPv6Network, _NOT_PUBLIC_IPV6)),
    )


def is_public(address: str) -> bool:
    """Tell whether `address`, as a resolver writes it, is one that anybody on the internet can reach.

    An address that holds an IPv4 address (mapped, 6to4, Teredo, NAT64) is not public, whichever it holds. Neither is
    what cannot be read.
    """
    try:
        ip: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    not_public_ipv4, global_unicast, not_public_ipv6 = _networks()
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in not_public_ipv4)
    return ip in global_unicast and not any(ip in network for network in not_public_ipv6)


async def resolve(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of `host`, best first.

    The system also reads addresses, in every spelling it knows (`127.1`, `0x7f.1`, `2130706433`): what it makes of
    them is what comes out. Raises `OSError` where the host is unknown, `ValueError` where it cannot be a host.
    """
    # As bytes: a name given as text would load Python's old IDNA tables.
    found = await asyncio.get_running_loop().getaddrinfo(host.encode("ascii"), port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]
