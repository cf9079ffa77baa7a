"""Fixtures of the control API's tests."""

from __future__ import annotations

import pytest
from flask import Flask

from ..control_client import ControlClient, TenantClient


@pytest.fixture
def control(app: Flask) -> ControlClient:
    return ControlClient(app)


@pytest.fixture
def tenant(control: ControlClient) -> TenantClient:
    return control.new_tenant()
