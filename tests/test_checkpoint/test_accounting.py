"""No key is lost, made up or bent without a word."""
import pytest
import torch

from regionclip_mm.checkpoint import CheckpointError
from regionclip_mm.checkpoint.accounting import convert
from regionclip_mm.checkpoint.rules import Rule

LAYOUT = {'conv.weight': (2, 3), 'bn.num_batches_tracked': (), 'x': (4, )}
RULES = [
    Rule(r'old\.(weight)', r'conv.\1'),
    Rule(r'x', 'x'),
    Rule(r'heads\..*', None, 'second stage'),
    Rule(r'reg\.(.*)', r'fc_reg.\1', 'no box deltas'),
    Rule(r'deep\.(.*)', r'deep.\1'),
]


def state(**changes):
    tensors = {'old.weight': torch.ones(2, 3), 'x': torch.ones(4),
               'heads.a': torch.ones(1), 'reg.bias': torch.ones(1)}
    tensors.update(changes)
    return {k: v for k, v in tensors.items() if v is not None}


def test_every_key_is_on_the_account():
    result, report = convert(state(), RULES, LAYOUT, 'file')
    assert set(result) == set(LAYOUT)
    assert report.used == ['old.weight', 'x']
    assert report.ignored == {'second stage': ['heads.a'],
                              'no box deltas': ['reg.bias']}
    assert list(report.added.values()) == [['bn.num_batches_tracked']]
    assert 'second stage (heads.a)' in str(report)


def test_all_problems_are_named_at_once():
    bad = state(x=None, extra=torch.ones(1), **{
        'old.weight': torch.ones(3, 3), 'deep.3': torch.ones(1)})
    with pytest.raises(CheckpointError) as error:
        convert(bad, RULES, LAYOUT, 'file.pth', hint='Look here.')
    message = str(error.value)
    assert 'file.pth' in message and message.endswith('Look here.')
    assert '1 missing: x' in message
    assert '2 surplus: extra, deep.3' in message
    assert ('1 misshapen: old.weight is (3, 3), conv.weight needs (2, 3)'
            in message)


def test_two_keys_for_one_place():
    rules = [Rule('(x|y)', 'x'), *RULES]
    with pytest.raises(CheckpointError, match="both 'x' and 'y'"):
        convert(state(y=torch.ones(4)), rules, LAYOUT, 'file')


def test_keys_that_a_file_may_lack():
    result, report = convert(state(x=None), RULES, LAYOUT, 'file',
                             may_lack={'x': 'optional'})
    assert 'x' not in result
    assert report.absent == {'optional': ['x']}
