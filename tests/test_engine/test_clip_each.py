"""Gradients clipped one by one."""
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmengine.optim import build_optim_wrapper
from older_torch import needs_scaler
from torch import nn

from regionclip_mm.engine.clip_each import clip_each


def literal(grads, max_norm, norm_type=2.0):
    for grad in grads:
        parameter = nn.Parameter(torch.zeros_like(grad))
        parameter.grad = grad
        nn.utils.clip_grad_norm_(parameter, max_norm, norm_type)


@given(st.lists(st.floats(-4, 4), min_size=1, max_size=6),
       st.sampled_from([0.1, 1.0, 5.0]), st.sampled_from([1.0, 2.0]))
def test_equals_the_literal_loop(scales, max_norm, norm_type):
    torch.manual_seed(0)
    shapes = [(3, ), (2, 3), (1, 2, 3), ()]
    grads = [10**scale * torch.randn(shapes[i % 4])
             for i, scale in enumerate(scales)]
    expected = [grad.clone() for grad in grads]
    literal(expected, max_norm, norm_type)
    clip_each(grads, max_norm, norm_type)
    for grad, other in zip(grads, expected):
        torch.testing.assert_close(grad, other, rtol=1e-6, atol=0)
        assert grad.norm(norm_type) <= max_norm * (1 + 1e-5)


def test_nothing_to_clip():
    clip_each([], 1.0)
    zero = torch.zeros(3)
    clip_each([zero], 1.0)
    assert torch.equal(zero, torch.zeros(3))


def wrapper_of(model, **changes):
    return build_optim_wrapper(model, {**dict(
        constructor='ClipEachConstructor', clip_grad=dict(max_norm=0.5),
        optimizer=dict(type='SGD', lr=1.0)), **changes})


def test_each_parameter_moves_by_its_own_norm():
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    model[1].bias.requires_grad = False
    wrapper = wrapper_of(model, accumulative_counts=2)
    before = [p.detach().clone() for p in model.parameters()]
    for _ in range(2):
        wrapper.update_params(100 * model(torch.ones(1, 3)).sum())
    moved = [(p - q).norm().item()
             for p, q in zip(model.parameters(), before)]
    assert moved == pytest.approx([0.5, 0.5, 0.5, 0], rel=1e-5)


@needs_scaler
def test_after_the_loss_scaler():
    """Scaled gradients would all be clipped."""
    model = nn.Linear(1, 1, bias=False)
    wrapper = wrapper_of(model)
    scaler = torch.amp.GradScaler('cpu', init_scale=2.**10)
    before = model.weight.item()
    scaler.scale(0.25 * model(torch.ones(1, 1)).sum()).backward()
    scaler.step(wrapper.optimizer)
    assert before - model.weight.item() == pytest.approx(0.25)


@pytest.mark.parametrize('clip_grad', [
    None, dict(), dict(max_norm=0), dict(max_norm=1, type='value')])
def test_wrong_settings(clip_grad):
    with pytest.raises(ValueError, match='optim_wrapper.clip_grad=.*max_norm'):
        build_optim_wrapper(nn.Linear(1, 1), dict(
            constructor='ClipEachConstructor', clip_grad=clip_grad,
            optimizer=dict(type='SGD', lr=1.0)))


@needs_scaler
def test_fused_optimizers_are_refused_with_mixed_precision(monkeypatch):
    """They unscale by themselves, after the clipping."""
    from mmengine.optim.optimizer import amp_optimizer_wrapper as amp
    monkeypatch.setattr(amp, 'is_cuda_available', lambda: True)
    monkeypatch.setattr(amp, 'GradScaler',
                        lambda **_: torch.amp.GradScaler('cpu'))
    fused = dict(type='AdamW', lr=1.0, fused=True)
    model = nn.Linear(3, 2)
    wrapper_of(model, optimizer=fused)
    with pytest.raises(ValueError, match='remove optim_wrapper.optimizer.fus'):
        wrapper_of(model, type='AmpOptimWrapper', optimizer=fused)
