"""Where a feed may be: the public internet, however an address is written, and nowhere inside."""

from __future__ import annotations

import pytest

from sync.addresses import is_public

INSIDE = """
    127.0.0.1 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 100.100.100.200 0.0.0.0 0.1.2.3
    192.0.0.8 192.0.0.170 192.0.0.192 192.0.2.1 192.88.99.1 198.18.0.1 198.51.100.1 203.0.113.1 168.63.129.16
    224.0.0.1 239.255.255.250 233.252.0.1 240.0.0.1 255.255.255.255
    :: ::1 fe80::1 fe80::1%eth0 fec0::1 feff::1 fc00::1 fd00:ec2::254 ff02::1 ff0e::1 100::1 2001:db8::1 3fff::1
    2001::1 2001:2::1 2001:10::1 2001:20::1 5f00::1 4000::1 64:ff9b:1::1 64:ff9b:1::808:808
    ::127.0.0.1 ::a9fe:a9fe ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:a9fe:a9fe ::ffff:10.0.0.1 ::ffff:0:127.0.0.1
    ::ffff:192.0.0.192 64:ff9b::a9fe:a9fe 64:ff9b::7f00:1 64:ff9b::10.0.0.1 64:ff9b::192.0.0.192
    2002:7f00:1:: 2002:a9fe:a9fe:: 2002:c0a8:101::1 2002:c000:c0::1 2001:0:7f00:1:: 2001:0:808:808::f7f7:f7f7
    2400:3200::5efe:10.0.0.1 2400:3200::200:5efe:a9fe:a9fe
"""
PUBLIC = """
    8.8.8.8 1.1.1.1 223.5.5.5 119.29.29.29 172.32.0.1 100.128.0.1 192.0.1.1 198.20.0.1 168.63.129.17 223.255.255.254
    2400:3200::1 2606:4700:4700::1111 2001:4860:4860::8888 2001:200::1 2620:fe::9
    ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2002:808:808::1 2400:3200::5efe:8.8.8.8
"""


@pytest.mark.parametrize("address", INSIDE.split())
def test_an_address_inside_is_not_public(address):
    assert is_public(address) is False


@pytest.mark.parametrize("address", PUBLIC.split())
def test_an_address_of_the_internet_is_public(address):
    assert is_public(address) is True
