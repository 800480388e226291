"""OpenAI's files become canonical CLIP checkpoints."""
import pytest
import torch
from mmengine.config import ConfigDict
from safetensors.torch import save_file

from mmdet.registry import MODELS
from regionclip_mm.checkpoint import (CheckpointError, WeightFile,
                                      convert_openai_clip, load_weights,
                                      take_teacher)


def build_clip():
    return MODELS.build(ConfigDict(
        type='CLIP',
        backbone=dict(type='CLIPResNet', arch='nano', out_indices=(3, )),
        attnpool=dict(type='AttentionPool2d', arch='nano'),
        text_encoder=dict(type='CLIPTextEncoder', arch='nano')))


def convert(tensors, arch=''):
    return convert_openai_clip(WeightFile('RN.pt', tensors), arch)


def test_the_model_loads_the_result_strictly(archive, openai):
    state, report, arch = convert_openai_clip(load_weights(archive))
    model = build_clip()
    model.load_state_dict(state, strict=True)
    assert arch == 'nano' and model.text_encoder.weights_loaded
    assert all(v.dtype in (torch.float32, torch.int64) for v in state.values())
    assert len(report.used) + len(sum(report.ignored.values(), [])) == len(
        load_weights(archive).tensors)
    assert sorted(sum(report.ignored.values(), [])) == [
        'context_length', 'input_resolution', 'vocab_size']
    mine = state['backbone.layer2.0.conv1.weight']
    assert torch.equal(mine.half(), openai['visual.layer2.0.conv1.weight'])
    assert state['backbone.bn1.num_batches_tracked'] == 7
    assert state['logit_scale'] == openai['logit_scale']


def test_safetensors_give_the_same(tmp_path, openai):
    path = tmp_path / 'open_clip_model.safetensors'
    save_file({k: v for k, v in openai.items()
               if not k.endswith('num_batches_tracked')}, path)
    state, report, _ = convert_openai_clip(load_weights(path))
    other, _, _ = convert(openai)
    assert state.keys() == other.keys()
    assert all(torch.equal(state[k], other[k]) for k in state
               if not k.endswith('num_batches_tracked'))
    assert len(report.added) == 1


def test_reference_names_give_the_same(openai):
    renamed = {}
    for key, value in openai.items():
        if key.startswith('visual.'):
            renamed[key.replace('visual.', 'backbone.')] = value
            renamed[key.replace('visual.', 'teacher_backbone.')] = value
        elif key != 'logit_scale':
            renamed[f'lang_encoder.{key}'] = value
    state, report, _ = convert(renamed)
    other, _, _ = convert(openai)
    assert state['logit_scale'].exp() == pytest.approx(100)
    other['logit_scale'] = state['logit_scale']
    assert all(torch.equal(state[k], other[k]) for k in other)
    assert len(sum(report.ignored.values(), [])) == sum(
        k.startswith('teacher') for k in renamed)


def test_teacher_in_place_of_the_student(openai):
    both = {}
    for key, value in openai.items():
        if key.startswith('visual.'):
            both[key.replace('visual.', 'backbone.')] = value * 0
            both[key.replace('visual.', 'teacher_backbone.')] = value
        elif key != 'logit_scale':
            both[f'lang_encoder.{key}'] = value
    file = WeightFile('both.pth', both)
    state, report, _ = convert_openai_clip(take_teacher(file))
    other, _, _ = convert(openai)
    other.pop('logit_scale')
    assert all(torch.equal(state[k], other[k]) for k in other)
    assert not sum(report.ignored.values(), [])
    with pytest.raises(CheckpointError, match='RN.pt has no teacher.*begins'):
        take_teacher(WeightFile('RN.pt', openai))


def test_another_arch_is_told(openai):
    with pytest.raises(CheckpointError,
                       match='RN.pt looks like nano, you asked for rn50x4'):
        convert(openai, 'rn50x4')


def test_no_clip_at_all():
    with pytest.raises(CheckpointError, match='not a CLIP ResNet.*fc.weight'):
        convert({'fc.weight': torch.ones(1)})


def test_timm_names_point_to_the_other_file():
    with pytest.raises(CheckpointError, match='open_clip_model.safetensors'):
        convert({'stem.conv1.conv.weight': torch.ones(1)})


@pytest.mark.parametrize('change, message', [
    ({'visual.attnpool.c_proj.bias': None}, '1 missing: attnpool.c_proj.bias'),
    ({'visual.layer3.9.conv1.weight': torch.ones(1)}, '1 surplus: visual.lay'),
    ({'visual.attnpool.positional_embedding': torch.ones(50, 640)},
     r'1 misshapen: visual.attnpool.positional_embedding is \(50, 640\)'),
    ({'ln_final.bias': None}, 'missing: ln_final.bias'),
    ({'transformer.resblocks.9.ln_1.bias': torch.ones(1)}, 'surplus: transf'),
    ({'logit_scale': None}, '1 missing: logit_scale'),
])
def test_wrong_keys_are_named(openai, change, message):
    tensors = {k: v for k, v in {**openai, **change}.items() if v is not None}
    with pytest.raises(CheckpointError, match=message):
        convert(tensors)
