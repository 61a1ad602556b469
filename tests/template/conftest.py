"""What every test of the template is given."""

import pytest
import stack as stacks


@pytest.fixture(scope="session")
def source():
    """The template before SAM's transform, with the resources of the nested stack in it."""
    return stacks.source()


@pytest.fixture(scope="session")
def stack(source):
    """The CloudFormation that SAM makes of it."""
    return stacks.transformed(source)


@pytest.fixture(scope="session")
def deploy(stack):
    """Deploys the stack with some parameters."""
    return lambda **parameters: stacks.Deployment(stack, parameters)
