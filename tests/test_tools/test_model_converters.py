"""The converters, as a user runs them, on a complete nano detector."""
import importlib.util
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint

from mmdet.registry import MODELS

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / 'tools' / 'model_converters'
sys.path[:0] = [str(ROOT / 'tests'), str(TOOLS)]
from fake_clip import openai_state, save_torchscript  # noqa: E402
from nano import nano_model  # noqa: E402

RPN = dict(
    type='RPN',
    data_preprocessor=dict(type='DetDataPreprocessor'),
    backbone=dict(type='CLIPResNet', arch='nano', out_indices=(2, )),
    neck=None,
    rpn_head=dict(
        type='RPNHead', in_channels=320, feat_channels=320,
        anchor_generator=dict(
            type='AnchorGenerator', scales=[4, 8], ratios=[0.5, 1.0, 2.0],
            strides=[16], scale_major=False)),
    train_cfg=None,
    test_cfg=dict(rpn=dict(
        nms_pre=100, max_per_img=10, min_bbox_size=0,
        nms=dict(type='nms', iou_threshold=0.7))))


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A config and the files of others that belong to it."""
    out = tmp_path_factory.mktemp('files')
    model = nano_model(dict(type='RPNProposals', rpn=RPN))
    imports = (ROOT / 'configs/_base_/regionclip_imports.py').read_text()
    (out / 'nano.py').write_text(
        f"{imports}\ndefault_scope = 'mmdet'\nmodel = {model!r}\n")
    torch.manual_seed(0)
    state = build(out).state_dict()
    main, rpn, mmdet_rpn = {}, {}, {}
    for key, value in state.items():
        value = torch.rand(value.shape) if value.is_floating_point() else value
        if key.startswith('proposal_source.rpn.'):
            key = key[len('proposal_source.rpn.'):]
            mmdet_rpn[key] = value
            for ours, theirs in dict(conv='conv', cls='objectness_logits',
                                     reg='anchor_deltas').items():
                key = key.replace(f'bbox_head.rpn_{ours}',
                                  f'proposal_generator.rpn_head.{theirs}')
            rpn[key] = value
        elif not key.startswith('text_encoder.'):
            key = key.replace('roi_head.shared_head.', 'backbone.')
            main[key.replace('roi_head.bbox_head.region_pool.',
                             'backbone.attnpool.')] = value
    for file in (main, rpn):
        for key in [k for k in file if k.endswith('num_batches_tracked')]:
            del file[key]
    main['roi_heads.box_predictor.cls_score.weight'] = torch.ones(65, 128)
    torch.save(dict(model=main, iteration=7), out / 'main.pth')
    torch.save(dict(model=rpn), out / 'rpn.pth')
    torch.save(dict(state_dict=mmdet_rpn, optimizer=dict(state={}),
                    meta=dict(epoch=12)), out / 'epoch_12.pth')
    return out


@pytest.fixture(scope='module')
def clip(folder):
    save_torchscript(openai_state(), folder / 'RN.pt')
    return folder / 'RN.pt'


def build(folder):
    init_default_scope('mmdet')
    cfg = Config.fromfile(folder / 'nano.py')
    return MODELS.build(cfg.model)


def run(tool, *args):
    """Run a tool in this process, with the command line of a user."""
    spec = importlib.util.spec_from_file_location(
        f'tool_{tool}', TOOLS / f'{tool}.py')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    argv, sys.argv = sys.argv, [tool, *map(str, args)]
    try:
        module.main()
    finally:
        sys.argv = argv


def loaded_strictly(folder, path):
    detector = build(folder)
    load_checkpoint(detector, str(path), 'cpu', strict=True)
    return detector


def test_regionclip_as_a_command(folder, clip, tmp_path):
    """The one test that starts a process of its own."""
    out = tmp_path / 'detector.pth'
    done = subprocess.run(
        [sys.executable, TOOLS / 'regionclip.py', folder / 'nano.py',
         folder / 'main.pth', out, '--rpn', folder / 'rpn.pth', '--clip',
         clip], capture_output=True, text=True, cwd=tmp_path,
        env={**os.environ, 'PYTHONPATH': str(ROOT)})
    assert done.returncode == 0, done.stderr
    assert '1 ignored: class embeddings' in done.stdout
    detector = loaded_strictly(folder, out)
    main = torch.load(folder / 'main.pth')['model']
    assert torch.equal(detector.roi_head.shared_head.layer4[0].bn1.running_var,
                       main['backbone.layer4.0.bn1.running_var'])
    assert detector.text_encoder.weights_loaded
    assert set(torch.load(out)) == {'state_dict', 'meta'}


def test_without_a_text_tower(folder, tmp_path, capsys):
    run('regionclip', folder / 'nano.py', folder / 'main.pth',
        tmp_path / 'out.pth', '--rpn', folder / 'rpn.pth')
    assert 'absent: text tower that none of the files' in (
        capsys.readouterr().out)
    state = torch.load(tmp_path / 'out.pth')['state_dict']
    assert not any(key.startswith('text_encoder.') for key in state)


def test_openais_file_as_a_detector(folder, clip, tmp_path, capsys):
    """Zero-shot detection with CLIP itself, straight from RN50.pt."""
    run('regionclip', folder / 'nano.py', clip, tmp_path / 'out.pth', '--rpn',
        folder / 'rpn.pth')
    assert 'temperature of pretraining (logit_scale)' in (
        capsys.readouterr().out)
    detector = loaded_strictly(folder, tmp_path / 'out.pth')
    theirs = openai_state()['visual.layer4.0.conv1.weight'].float()
    ours = detector.roi_head.shared_head.layer4[0].conv1.weight
    assert torch.equal(ours, theirs) and detector.text_encoder.weights_loaded


def test_clip_to_detector_in_half_the_size(folder, clip, tmp_path, capsys):
    run('openai_clip', clip, tmp_path / 'clip.pth')
    assert 'CLIP nano' in capsys.readouterr().out
    for name, flags in (('full', []), ('half', ['--fp16'])):
        run('clip_to_detector', folder / 'nano.py', tmp_path / 'clip.pth',
            folder / 'epoch_12.pth', tmp_path / f'{name}.pth', *flags)
    sizes = [(tmp_path / f'{name}.pth').stat().st_size
             for name in ('full', 'half')]
    assert sizes[1] < 0.55 * sizes[0]
    full, half = (loaded_strictly(folder, tmp_path / f'{name}.pth')
                  for name in ('full', 'half'))
    assert half.text_encoder.weights_loaded
    for key, value in full.state_dict().items():
        other = half.state_dict()[key]
        assert other.dtype == value.dtype
        torch.testing.assert_close(other, value, rtol=1e-3, atol=1e-6)
    rpn = torch.load(folder / 'epoch_12.pth')['state_dict']
    for key, value in full.proposal_source.rpn.state_dict().items():
        torch.testing.assert_close(value, rpn[key])


def test_embeddings(tmp_path, capsys):
    torch.save(torch.randn(65, 8), tmp_path / 'emb.pth')
    run('embeddings', tmp_path / 'emb.pth', tmp_path / 'v.pth', '--split',
        'coco_65')
    assert "'person', 'bicycle'" in capsys.readouterr().out
    names = torch.load(tmp_path / 'v.pth')['names']
    assert names[0] == 'person' and len(names) == 65
    with pytest.raises(SystemExit, match='65 rows, but coco_48_base has 48'):
        run('embeddings', tmp_path / 'emb.pth', tmp_path / 'v.pth',
            '--split', 'coco_48_base')
    (tmp_path / 'n.txt').write_text('\n'.join(f'n{i}' for i in range(65)))
    run('embeddings', tmp_path / 'emb.pth', tmp_path / 'v.pth', '--txt',
        tmp_path / 'n.txt')
    rows = [dict(id=i, name=f'c{i}', frequency='cr'[i < 5])
            for i in reversed(range(70))]
    (tmp_path / 'n.json').write_text(json.dumps(dict(categories=rows)))
    run('embeddings', tmp_path / 'emb.pth', tmp_path / 'v.pth', '--json',
        tmp_path / 'n.json', '--frequencies', 'cf')
    assert torch.load(tmp_path / 'v.pth')['names'][:2] == ['c5', 'c6']


class Evil:

    def __reduce__(self):
        return os.mkdir, ('ran', )


def truncated(folder):
    return (folder / 'main.pth').read_bytes()[:-5000]


@pytest.mark.parametrize('content, message', [
    (truncated, 'truncated or is not a PyTorch file'),
    (lambda folder: b'', 'is empty'),
    (lambda folder: b'{"images": []}', 'is a text file'),
    (lambda folder: pickle.dumps(dict(model=Evil())),
     'bad.pth was not opened'),
    (lambda folder: None, 'There is no file'),
    (lambda folder: (folder / 'rpn.pth').read_bytes(), 'give it as --rpn'),
])
def test_bad_files(folder, tmp_path, monkeypatch, content, message):
    monkeypatch.chdir(tmp_path)
    content = content(folder)
    if content is not None:
        (tmp_path / 'bad.pth').write_bytes(content)
    with pytest.raises(SystemExit, match=message):
        run('regionclip', folder / 'nano.py', 'bad.pth', 'out.pth', '--rpn',
            folder / 'rpn.pth')
    assert not (tmp_path / 'out.pth').exists()
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize('config, message', [
    ('none.py', 'There is no config file none.py'),
    (ROOT / 'configs/_base_/proposals/rpn_r50_c4_coco48.py',
     'has no variable `model`'),
    (ROOT / 'configs/zeroshot/regionclip_rn50_gt_coco-ovd.py',
     'looks like nano, the config asks for rn50'),
])
def test_bad_configs(folder, tmp_path, config, message):
    with pytest.raises(SystemExit, match=message):
        run('regionclip', config, folder / 'main.pth', tmp_path / 'out.pth')


@pytest.mark.parametrize('text, message', [
    ("model = dict(type='NoSuchDetector')", 'KeyError: .*NoSuchDetector is '
     'not in'),
    ("model = dict(type='RegionCLIP', color='red')", 'TypeError: .*color'),
    ("model = 3", "AttributeError|TypeError"),
    ('custom_imports = dict(imports=["no_such_module"])\nmodel = dict()',
     'ImportError: .*no_such_module'),
    ('model = dict(', 'SyntaxError: '),
    ('model = dict(type=Nobody)', 'NameError: '),
])
@pytest.mark.parametrize('tool', ['regionclip', 'clip_to_detector'])
def test_mistakes_in_a_config_are_one_line(folder, tmp_path, tool, text,
                                           message):
    (tmp_path / 'mine.py').write_text(text)
    files = ['main.pth', 'out.pth'] if tool == 'regionclip' else [
        'main.pth', '-', 'out.pth']
    with pytest.raises(SystemExit, match='error: the config .*mine.py cannot '
                       f'be used, ({message})') as error:
        run(tool, tmp_path / 'mine.py', *(folder / f if f == 'main.pth' else f
                                          for f in files))
    assert '\n' not in str(error.value)
