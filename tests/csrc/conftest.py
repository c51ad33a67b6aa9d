import pytest


@pytest.fixture
def isa(request):
    """Run a test on one instruction set; parametrized below."""
    from library import lib

    assert lib.centnn_set_isa(request.param) == 0
    yield request.param
    lib.centnn_set_isa(None)


def pytest_generate_tests(metafunc):
    """Run tests that take `isa` on each instruction set that works here."""
    if "isa" in metafunc.fixturenames:
        from library import isas

        metafunc.parametrize("isa", isas(), ids=bytes.decode, indirect=True)
