"""Tests of networks and of rules.

A project checks its own networks (the fixture and the marker come with the pytest plugin):

    from netlint.testing import assert_clean

    def test_the_network_follows_the_advice():
        assert_clean(Net(), example_inputs=(torch.zeros(1, 3, 32, 32),))

A rule pack holds its rules to what netlint's own are held to:

    from netlint.testing import check_fixes, check_rule

    def test_my_rule():
        check_rule(my_rule_module)
        check_fixes(my_rule_module)
"""

from netlint.testing.agreement import check_agreement
from netlint.testing.fixes import check_fixes
from netlint.testing.models import assert_clean
from netlint.testing.rules import ExampleError, check_example, check_metadata, check_rule, render_example

__all__ = [
    "ExampleError",
    "assert_clean",
    "check_agreement",
    "check_example",
    "check_fixes",
    "check_metadata",
    "check_rule",
    "render_example",
]
