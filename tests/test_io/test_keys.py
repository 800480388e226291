"""Which keys differ, and how many of them a user is shown."""
import torch

from regionclip_mm.io.keys import compare_keys, name_problems
from regionclip_mm.io.wording import listed, repeated


def test_what_differs():
    found = compare_keys(
        dict(a=torch.ones(2, 3), b=torch.ones(3, 2), c=1, d=torch.ones(1)),
        dict(a=(2, 3), b=(2, 3), c=(), x=(1, )))
    assert found == (['x'], ['d'], ['b'])
    assert compare_keys({}, {}) == ([], [], [])


def test_each_kind_of_problem_is_a_line():
    assert name_problems(dict(missing=['a', 'b', 'c'], surplus=[],
                              misshapen=['d']), 2) == [
        '3 missing: a, b and 1 more', '1 misshapen: d']


def test_long_lists_are_cut():
    assert listed(['a', 'b']) == "'a', 'b'"
    assert listed(range(12)).endswith('8, 9 and 2 more')
    assert len(listed(['x' * 100])) == 60
    assert listed(['x' * 100], 1, str) == 'x' * 100


def test_what_is_there_twice():
    assert repeated('abcab') == ['a', 'b'] and repeated('abc') == []
