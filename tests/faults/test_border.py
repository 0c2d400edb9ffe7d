"""The guard of the test run itself."""

import socket

import pytest


def test_no_test_connects_to_another_machine() -> None:
    nobody = ("240.0.0.1", 9)  # an address that no machine can have

    with socket.socket() as connection, pytest.raises(pytest.fail.Exception, match=r"240\.0\.0\.1"):
        connection.connect(nobody)


def test_no_test_asks_for_the_address_of_another_machine() -> None:
    with pytest.raises(pytest.fail.Exception, match=r"elsewhere\.test"):
        socket.getaddrinfo("elsewhere.test", 443)
