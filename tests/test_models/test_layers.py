"""The region encoder's layers against their literal forms."""
import pytest
import torch
import torch.nn.functional as F

from mmdet.registry import MODELS
from regionclip_mm.models import AttentionPool2d, CLIPResLayer, CLIPResNet
from regionclip_mm.models.layers import ARCHS
from regionclip_mm.text import Vocabulary


def literal_pool(pool: AttentionPool2d, x: torch.Tensor) -> torch.Tensor:
    """CLIP's pool with every query, by torch's own attention."""
    x = x.flatten(2).permute(2, 0, 1)
    x = torch.cat([x.mean(0, keepdim=True), x])
    x = x + pool.positional_embedding[:, None]
    projections = (pool.q_proj, pool.k_proj, pool.v_proj)
    out, _ = F.multi_head_attention_forward(
        x, x, x, x.shape[-1], pool.num_heads, None,
        torch.cat([p.bias for p in projections]), None, None, False, 0,
        pool.c_proj.weight, pool.c_proj.bias, use_separate_proj_weight=True,
        q_proj_weight=pool.q_proj.weight, k_proj_weight=pool.k_proj.weight,
        v_proj_weight=pool.v_proj.weight, need_weights=False)
    return out[0]


def literal_layer(layer: CLIPResLayer, x: torch.Tensor) -> torch.Tensor:
    """layer4 with norms apart from the convolutions."""
    for b in layer.layer4:
        out = F.relu(b.bn1(b.conv1(x)))
        out = F.relu(b.bn2(b.conv2(out)))
        out = b.bn3(b.conv3(b.avgpool(out)))
        x = F.relu(out + (x if b.downsample is None else b.downsample(x)))
    return x


def shake(module: torch.nn.Module) -> torch.nn.Module:
    """Give every tensor, statistics included, an ordinary random value."""
    generator = torch.Generator().manual_seed(0)
    for name, value in module.state_dict().items():
        if value.is_floating_point():
            noise = torch.randn(value.shape, generator=generator)
            if 'running_var' in name or ('bn' in name and 'weight' in name):
                value.copy_(1 + 0.1 * noise.abs())
            elif value.ndim > 1:
                value.copy_(noise / value[0].numel()**0.5)
            else:
                value.copy_(0.1 * noise)
    return module


@pytest.mark.parametrize('arch', ['nano', 'rn50'])
@pytest.mark.parametrize('num', [0, 1, 3])
def test_pool_equals_all_queries(arch, num):
    pool = shake(AttentionPool2d(arch))
    side, channels = pool.pool_size, ARCHS[arch].channels[-1]
    x = torch.randn(num, channels, side, side)
    with torch.no_grad():
        got = pool(x)
        assert got.shape == (num, pool.embed_dim)
        if num:
            want = literal_pool(pool, x)
            assert (got - want).norm() / want.norm() < 2e-6


def test_pool_gradients_equal_all_queries():
    pool = shake(AttentionPool2d('nano')).double()
    x = torch.randn(2, ARCHS['nano'].channels[-1], 4, 4).double()
    grads = []
    for fn in (lambda: pool(x), lambda: literal_pool(pool, x)):
        pool.zero_grad()
        fn().pow(2).sum().backward()
        grads.append({n: p.grad.clone() if p.grad is not None else None
                      for n, p in pool.named_parameters()})
    for name, want in grads[1].items():
        if name == 'k_proj.bias':  # cancels in the softmax
            assert want.abs().max() < 1e-10
            assert grads[0][name].abs().max() < 1e-10
        else:
            torch.testing.assert_close(grads[0][name], want)


def test_pool_names_the_size_it_takes():
    pool = AttentionPool2d('nano')
    x = torch.zeros(1, ARCHS['nano'].channels[-1], 7, 7)
    with pytest.raises(ValueError, match='takes 4x4 maps, got 7x7.*'
                                         'output_size=8'):
        pool(x)


def test_layer_folds_norms_exactly_enough():
    layer = shake(CLIPResLayer('nano'))
    x = torch.randn(3, ARCHS['nano'].channels[2], 8, 8)
    with torch.no_grad():
        want, got = literal_layer(layer, x), layer(x)
    assert (got - want).norm() / want.norm() < 2e-6
    with_grad = layer(x.requires_grad_())  # the path of training
    assert (with_grad - want).norm() / want.norm() < 2e-6
    assert layer(x[:0]).shape == (0, ARCHS['nano'].channels[3], 4, 4)


def test_folding_follows_the_weights():
    """Nothing folded survives a change of the weights."""
    layer = shake(CLIPResLayer('nano')).eval()
    x = torch.randn(1, ARCHS['nano'].channels[2], 8, 8)
    with torch.no_grad():
        before = layer(x)
        layer.layer4[0].bn1.running_mean += 1
        layer.layer4[0].conv1.weight *= 2
        want, got = literal_layer(layer, x), layer(x)
    assert not torch.allclose(before, got)
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('arch', sorted(ARCHS))
def test_presets_have_openai_names_and_sizes(arch):
    sizes = ARCHS[arch]
    with torch.device('meta'):
        net = CLIPResNet(arch, out_indices=(3, ))
        pool = AttentionPool2d(arch)
    state = net.state_dict()
    assert state['conv3.weight'].shape == (sizes.width, sizes.width // 2, 3, 3)
    assert state['layer1.0.downsample.0.weight'].shape[0] == 4 * sizes.width
    assert state['layer4.0.downsample.1.running_var'].shape == (
        32 * sizes.width, )
    assert all(f'layer{i + 1}.{n - 1}.conv3.weight' in state
               and f'layer{i + 1}.{n}.conv3.weight' not in state
               for i, n in enumerate(sizes.layers))
    assert pool.positional_embedding.shape[0] == (sizes.image_size //
                                                  32)**2 + 1


def test_openai_parameter_counts():
    """Image towers of RN50 and RN50x4 have the published parameter counts."""
    for arch, millions in (('rn50', 38.3), ('rn50x4', 87.1)):
        with torch.device('meta'):
            parts = CLIPResNet(arch, (3, )), AttentionPool2d(arch)
        count = sum(p.numel() for m in parts for p in m.parameters()) / 1e6
        assert abs(count - millions) < 0.1, (arch, count)


def test_unknown_arch_lists_presets():
    with pytest.raises(ValueError, match="'resnet50'.*'rn50', 'rn101'"):
        MODELS.build(dict(type='CLIPResNet', arch='resnet50'))


def test_frozen_parts():
    net = CLIPResNet('nano', out_indices=(1, 2), frozen_stages=1).train()
    free = {n for n, p in net.named_parameters() if p.requires_grad}
    assert free and all(n.startswith(('layer2', 'layer3')) and '.bn' not in n
                        and 'downsample.1' not in n for n in free)
    assert not any(m.training for m in net.modules()
                   if isinstance(m, torch.nn.BatchNorm2d))
    outs = net(torch.randn(2, 3, 64, 96))
    assert [o.shape[-2:] for o in outs] == [(8, 12), (4, 6)]
    sum(o.mean() for o in outs).backward()


def test_backbone_that_trains_everything():
    net = CLIPResNet('nano', (3, ), frozen_stages=-1, norm_eval=False).train()
    assert all(p.requires_grad for p in net.parameters())
    before = net.bn1.running_mean.clone()
    net(torch.randn(2, 3, 64, 64))
    assert not torch.equal(before, net.bn1.running_mean)


def vocabulary(num, dim=128, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return Vocabulary([f'thing {i}' for i in range(num)],
                      torch.randn(num, dim, generator=generator), {})


def classifier(**kwargs):
    return MODELS.build(dict(type='TextEmbeddingClassifier', in_features=128,
                             out_features=6, **kwargs))


def test_classifier_logits():
    vocab = vocabulary(5)
    layer = classifier(vocabulary=vocab).eval()
    x = 3 * torch.randn(4, 128)
    want = F.cosine_similarity(x[:, None], vocab.embeddings[None], -1) / 0.01
    got = layer(x)
    torch.testing.assert_close(got[:, :5], want, atol=1e-4, rtol=1e-5)
    assert (got[:, 5] == 0).all()
    assert layer(x[:0]).shape == (0, 6)


def test_classifier_stays_in_float32_under_autocast():
    layer = classifier(vocabulary=vocabulary(5)).eval()
    x = torch.randn(4, 128)
    with torch.autocast('cpu', torch.bfloat16):
        got = layer(x)
    assert got.dtype == torch.float32
    torch.testing.assert_close(got, layer(x))


def test_classifier_switches_vocabulary_with_mode():
    layer = classifier(vocabulary=vocabulary(5),
                       test_vocabulary=vocabulary(9, seed=1))
    x = torch.randn(2, 128)
    assert layer.train()(x).shape == (2, 6)
    assert layer.eval()(x).shape == (2, 10)
    layer.set_test_vocabulary(vocabulary(3))
    assert layer.eval()(x).shape == (2, 4)
    assert layer.train()(x).shape == (2, 6)
    assert len(layer.test_vocabulary) == 3 and len(layer.train_vocabulary) == 5


def test_embeddings_are_not_in_the_checkpoint_nor_reinitialised():
    layer = classifier(vocabulary=vocabulary(5))
    before = layer(torch.ones(1, 128))
    head = torch.nn.Module()
    head.fc_cls = layer
    from mmengine.model import initialize
    initialize(head, [dict(type='Normal', std=0.01,
                           override=dict(name='fc_cls'))])
    assert torch.equal(before, layer(torch.ones(1, 128)))
    assert layer.state_dict() == {}


@pytest.mark.parametrize('prepare, message', [
    (lambda: classifier(), 'no classes.*cls_predictor_cfg.*set_vocabulary'),
    (lambda: classifier(vocabulary=vocabulary(5, dim=640)),
     '640-dimensional embeddings, the region encoder gives 128'),
    (lambda: classifier(vocabulary=vocabulary(4)).train(),
     'num_classes=5, but the training vocabulary has 4 names'),
])
def test_classifier_errors(prepare, message):
    with pytest.raises((RuntimeError, ValueError), match=message):
        prepare()(torch.zeros(1, 128))


def test_reduced_precision_is_close_and_only_at_inference():
    layer = shake(CLIPResLayer('nano', inference_dtype='bfloat16'))
    exact = CLIPResLayer('nano')
    exact.load_state_dict(layer.state_dict())
    x = torch.randn(3, ARCHS['nano'].channels[2], 8, 8)
    with torch.no_grad():
        want, got = exact(x), layer(x)
    assert got.dtype == torch.float32
    assert 0 < (got - want).norm() / want.norm() < 0.02
    assert torch.equal(layer(x), exact(x))
    with pytest.raises(ValueError, match="inference_dtype='int8': choose"):
        CLIPResLayer('nano', inference_dtype='int8')


def test_frozen_stages_keep_their_statistics():
    net = CLIPResNet('nano', (2, ), frozen_stages=1, norm_eval=False).train()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    net(torch.randn(2, 3, 64, 64))
    changed = {k for k, v in net.state_dict().items()
               if not torch.equal(v, before[k])}
    assert changed and all(k.startswith(('layer2', 'layer3'))
                           for k in changed)


def test_class_count_is_checked_after_evaluation_too():
    layer = classifier(vocabulary=vocabulary(9)).eval()
    layer(torch.zeros(1, 128))
    with pytest.raises(ValueError, match='num_classes=5.*9 names'):
        layer.train()(torch.zeros(1, 128))


def test_classifier_survives_copies_precision_and_inference_mode():
    from mmengine.model import ExponentialMovingAverage
    layer = classifier(vocabulary=vocabulary(5))
    layer.probe = torch.nn.Linear(2, 2)  # an average needs parameters
    average = ExponentialMovingAverage(layer)
    with torch.inference_mode():
        layer.eval()(torch.ones(1, 128))
    average.update_parameters(layer)
    x = torch.ones(1, 128, requires_grad=True)
    layer.train()(x).sum().backward()
    assert x.grad.isfinite().all()
    assert layer.half()(x.half()).dtype == torch.float32


def ddp_steps(rank, meeting):
    from torch.nn.parallel import DistributedDataParallel
    torch.distributed.init_process_group(
        'gloo', init_method=meeting, rank=rank, world_size=2)
    torch.manual_seed(0)
    model = DistributedDataParallel(AttentionPool2d('nano'))
    for _ in range(2):  # unused parameters fail in the second step
        x = torch.randn(2, ARCHS['nano'].channels[-1], 4, 4)
        model(x).pow(2).sum().backward()
    torch.distributed.destroy_process_group()


def test_pool_trains_in_two_processes(tmp_path):
    torch.multiprocessing.spawn(
        ddp_steps, ((tmp_path / 'meeting').as_uri(), ), nprocs=2)
