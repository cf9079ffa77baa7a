"""Several tenants and wider scopes: `mockserver_factory`."""

from __future__ import annotations

from .runs import Run


def test_several_tenants(run: Run) -> None:
    """A tenant lives as long as the fixture or the test that opened it, and is judged with it."""
    result = run("""
@pytest.fixture(scope="module")
def shared(mockserver_factory):
    tenant = mockserver_factory()
    tenant.faults.add("sendgrid.createIpPool", status=500)
    tenant.faults.add("sendgrid.listIpPools", status=500)
    return tenant


@pytest.fixture
def own(mockserver_factory):
    return mockserver_factory(seed="empty")


def open_tenants(mockserver_server):
    return len(mockserver_server.client.request("GET", "tenants")["tenants"])


def test_one(shared, own, mockserver, mockserver_server, mockserver_factory):
    tenants = {tenant.id for tenant in (shared, own, mockserver, mockserver_factory())}
    assert len(tenants) == open_tenants(mockserver_server) == 4


def test_two(shared, mockserver_server):
    assert open_tenants(mockserver_server) == 1
    assert create(shared).status_code == 500
    create(shared, "stays")


def test_three(shared):
    post(shared.sendgrid, "/v3/mail/batch", json={})


def test_four(shared, mockserver_factory):
    assert "stays" in str(shared.state())
    with mockserver_factory() as tenant:
        tenant.faults.add("*")
    with pytest.raises(RuntimeError), mockserver_factory() as tenant:
        tenant.faults.add("*")
        raise RuntimeError


def test_five():
    pass
""")
    result.assert_outcomes(passed=3, failed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_five*",
            "unused planned fault: <Fault f2: error 500 on sendgrid.listIpPools> applied 0 of 1 times",
            "*test_three*",
            "mockserver does not implement this operation (501): #3 POST *",
            "[#]3 POST /sendgrid/v3/mail/batch → 501 (not_implemented)",
            "*test_four*",
            "unused planned fault: <Fault f1: error 503 on [*]> applied 0 of 1 times",
        ]
    )


def test_a_wrong_argument_of_a_tenant(run: Run) -> None:
    """A tenant is not opened with an argument that there is not: nothing is left out silently."""
    result = run("""
def test_it(mockserver_factory, mockserver_server):
    with pytest.raises(TypeError, match="'sede'; did you mean 'seed'"):
        mockserver_factory(sede="empty")
    assert mockserver_server.client.request("GET", "tenants")["tenants"] == []
""")
    result.assert_outcomes(passed=1)
