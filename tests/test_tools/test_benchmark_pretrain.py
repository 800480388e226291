"""The forms of a pretraining step that the benchmark times are equal."""
import sys
from argparse import Namespace

import pytest
import torch
from mmengine.config import Config
from nano import ROOT
from nano_pretraining import pretrainer_model

sys.path.insert(0, str(ROOT / 'tools/benchmarks'))
import literal  # noqa: E402
from measure import Parts  # noqa: E402
from pretrain import check, compare, table  # noqa: E402
from pretraining_step import FORMS, PARTS, Bench, prepare  # noqa: E402

ARGS = dict(size=(64, 96), images=2, regions=6, concepts=9, top_k=4, kept=0.5,
            runs=1, threads=1, device='cpu')


@pytest.fixture
def cfg(tmp_path):
    """The nano student with a teacher and an RPN."""
    recipe = Config.fromfile(
        ROOT / 'configs/pretrain/regionclip_rn50_rpn_cc3m.py')
    rpn = Config.fromfile(
        ROOT / 'projects/emoji_world/configs/_base_/rpn_nano.py').rpn
    recipe.model = pretrainer_model(dict(type='RPNProposals', rpn=rpn))
    return prepare(recipe, Namespace(**ARGS), tmp_path)


def test_it_prints_a_table_of_forms_that_are_equal(cfg):
    about, rows, *_, equality = compare(cfg, Namespace(**ARGS)).split('\n\n')
    assert '50% of them kept' in about and 'processor time' in about
    rows = [line.strip('| ').split(' | ') for line in rows.splitlines()]
    assert rows[0] == ['part', 'online, s', 'share', 'literal, s',
                       'offline, s', 'bfloat16, s']
    assert [row[0] for row in rows[2:]] == [*PARTS, 'iteration']
    assert equality.startswith('Losses of the literal form differ by at most')


def test_offline_runs_neither_teacher_nor_rpn(cfg):
    bench = Bench(cfg, Namespace(**ARGS))
    parts = {form: Parts('cpu') for form in FORMS}
    losses = {form: bench.run(form, meter).losses
              for form, meter in parts.items()}
    assert set(PARTS) - set(parts['offline'].seconds) == {'RPN', 'teacher'}
    for form in set(FORMS) - {'offline'}:
        assert set(parts[form].seconds) == set(PARTS)
    # as many steps as one likes: the weights stay
    assert bench.run('online', Parts('cpu')).losses == losses['online']
    assert bench.online._shares_trunk
    for one in losses['online'].values():
        assert one > 1e-3  # nothing is equal because it is zero


def test_other_losses_are_refused(cfg, monkeypatch):
    bench = Bench(cfg, Namespace(**ARGS))
    monkeypatch.setattr(
        literal, 'literal_contrast',
        lambda loss: lambda logits, labels: logits.logsumexp(1).mean())
    with pytest.raises(AssertionError):
        check(bench, {form: bench.run(form, Parts('cpu'))
                      for form in FORMS})


def test_the_share_that_is_kept(cfg):
    for kept in (0.0, 0.5, 1.0):
        bench = Bench(cfg, Namespace(**dict(ARGS, kept=kept)))
        scores = torch.cat([s.gt_instances.scores for s in bench.samples])
        sure = (scores > bench.online.concept_thr).float().mean()
        assert sure == pytest.approx(kept, abs=1 / len(scores))


def test_a_part_is_measured_without_those_inside():
    meter = Parts('cpu', clock=iter([0., 1., 3., 7.]).__next__)
    with meter('outside'):
        with meter('inside'):
            pass
    assert meter.seconds == dict(inside=2.0, outside=5.0)


def test_what_follows_from_the_medians():
    seconds = dict.fromkeys(PARTS, 1.0)
    rows = dict(online=[seconds], literal=[dict.fromkeys(PARTS, 2.0)],
                offline=[{**seconds, 'RPN': 0.0, 'teacher': 0.0}],
                bfloat16=[{**seconds, 'teacher': 0.5}])
    lines = table(rows).splitlines()
    assert '| iteration | 7.000 | 100% | 14.000 | 5.000 | 6.500 |' in lines
    assert 'online is 2.00 times as fast as literal; offline is 1.40' in (
        lines[-1])
