"""The miniature of region-text pretraining, on a handful of scenes."""
import json
import re
import shlex
from pathlib import Path

import cv2
import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import dump
from mmengine.runner import Runner
from nano import ROOT
from pair_data import pair, tar_of

from projects.emoji_world.emoji_world import coco, measures
from projects.emoji_world.emoji_world.concepts import names
from projects.emoji_world.emoji_world.jobs import chosen
from projects.emoji_world.emoji_world.plans import make_plan
from projects.emoji_world.emoji_world.render import render
from projects.emoji_world.emoji_world.weights import write_clip_nano
from projects.emoji_world.tools import (forget_encoder, leave_out_novel,
                                        pretraining_table)
from regionclip_mm.checkpoint import load_weights
from regionclip_mm.io.files import load_plain_file
from regionclip_mm.text import Vocabulary

CONFIGS = ROOT / 'projects/emoji_world/configs'
SPLIT, SCENES, STEPS = 'captions_train', 8, 3
FROZEN = ('proposal_source.', 'backbone.conv', 'backbone.bn',
          'backbone.layer1.', 'text_encoder.')


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """The shipped config on the first scenes, for a few steps."""
    monkeypatch.chdir(ROOT)
    for index in range(SCENES):
        path = tmp_path / 'images' / coco.image_name(SPLIT, index)
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), render(make_plan(SPLIT, index)))
    cfg = Config.fromfile(CONFIGS / 'pretrain_nano.py')
    clip = tmp_path / 'clip_nano.pth'
    write_clip_nano(clip)
    cfg.load_from = cfg.model.teacher.init_cfg.checkpoint = str(clip)
    pool = tmp_path / 'pool.pth'
    words = names('base', 'novel')
    embeddings = torch.nn.functional.normalize(torch.randn(
        len(words), 128, generator=torch.Generator().manual_seed(0)))
    Vocabulary(words, embeddings).save(pool)
    for part in (cfg.model, cfg.model.teacher):
        head = part.roi_head.bbox_head
        head.num_classes = len(words)
        head.cls_predictor_cfg.vocabulary.path = str(pool)
    data = cfg.train_dataloader.dataset
    data.data_root = f'{tmp_path}/'
    data.ann_file = str(tmp_path / 'captions.json')
    dump(coco.caption_file(SPLIT, SCENES), data.ann_file)
    cfg.merge_from_dict(dict(
        work_dir=str(tmp_path / 'work'), experiment_name=tmp_path.name,
        train_dataloader=dict(batch_size=4), train_cfg=dict(max_iters=STEPS),
        default_hooks=dict(logger=dict(interval=1)), param_scheduler=[]))
    return Runner.from_cfg(cfg)


def test_captions_train_the_region_encoder_alone(runner, tmp_path):
    """The result is a detector of regionclip_nano.py, RPN and all."""
    runner.train()
    path = tmp_path / f'work/iter_{STEPS}.pth'
    state = load_plain_file(path)['state_dict']
    before = load_weights(runner.cfg.load_from).tensors
    changed = {key for key in state if key not in before
               or not torch.equal(state[key], before[key].to(state[key]))}
    assert not [key for key in changed if key.startswith(FROZEN)
                or '.bn' in key or 'running' in key or '.downsample.1' in key]
    for part in ('backbone.layer2', 'backbone.layer3', 'roi_head.shared_head',
                 'roi_head.bbox_head.region_pool'):
        assert any(key.startswith(part) for key in changed), part
    for name in ('region_distill', 'concept_contrastive', 'img_txt_level'):
        history = runner.message_hub.get_scalar(f'train/loss_{name}')
        assert len(history.data[0]) == STEPS
    detector = measures.load_detector(
        Config.fromfile(CONFIGS / 'regionclip_nano.py'), str(path))
    assert set(detector.state_dict()) == set(state)


def test_an_encoder_of_random_weights_tells_regions_apart(
        tmp_path, monkeypatch):
    """Norms stay as they are in training: with mean 0 and variance 1 all
    regions would have one embedding, and nothing could be learned."""
    for index in range(4):
        cv2.imwrite(str(tmp_path / f'{index}.png'),
                    render(make_plan('rpn_train', index)))
    monkeypatch.setattr(forget_encoder, 'SCENES', tmp_path)
    out = tmp_path / 'random.pth'
    monkeypatch.setattr('sys.argv', ['forget_encoder.py', str(out)])
    forget_encoder.main()
    model = measures.load_detector(
        Config.fromfile(CONFIGS / 'regionclip_nano.py'), str(out))
    known = load_weights(ROOT / 'projects/emoji_world/weights/'
                         'regionclip_nano.pth').tensors
    state = model.state_dict()
    for key in known:
        if key.startswith(forget_encoder.KEPT):
            assert torch.equal(state[key], known[key].to(state[key])), key
    assert not torch.equal(state['backbone.conv1.weight'],
                           known['backbone.conv1.weight'].float())
    inputs = model.data_preprocessor(
        dict(inputs=list(forget_encoder.some_scenes())))['inputs']
    boxes = torch.tensor([[10., 10, 90, 120], [100, 40, 260, 200],
                          [0, 0, 288, 288], [150, 150, 200, 200]])
    with torch.no_grad():
        regions = torch.nn.functional.normalize(
            model.encode_regions(inputs, [boxes] * len(inputs)))
    between = (regions @ regions.T)[~torch.eye(len(regions), dtype=bool)]
    assert len(between) == 16 * 15 and between.mean() < 0.6


def test_random_weights_without_scenes(tmp_path, monkeypatch):
    monkeypatch.setattr(forget_encoder, 'SCENES', tmp_path / 'no')
    with pytest.raises(FileNotFoundError, match='no scenes in .*make_scenes'):
        forget_encoder.some_scenes()


@pytest.mark.parametrize('form', ['pairs', 'shards'])
def test_pairs_of_ones_own(form, tmp_path, monkeypatch):
    """pretrain_nano_custom.py, its data replaced; as a start of transfer."""
    monkeypatch.chdir(ROOT)
    pairs = []
    for index in range(4):
        cv2.imwrite(str(tmp_path / f'{index}.png'),
                    render(make_plan(SPLIT, index)))
        pairs.append(json.dumps(dict(file=f'{index}.png', alt='a cat')))
    (tmp_path / 'a.jsonl').write_text('\n'.join(pairs))
    clip, pool = tmp_path / 'clip_nano.pth', tmp_path / 'pool.pth'
    write_clip_nano(clip)
    Vocabulary(['cat', 'dog'], torch.eye(2, 128)).save(pool)
    text = (CONFIGS / 'pretrain_nano_custom.py').read_text()
    for old, new in (("'./pretrain", f"'{CONFIGS}/pretrain"),
                     ('data/mine/pairs.jsonl', str(tmp_path / 'a.jsonl')),
                     ('data/mine/images/', f'{tmp_path}/'),
                     ("'image', 'caption'", "'file', 'alt'"),
                     ("'data/mine/concepts.pth', 100", f"'{pool}', 2")):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    if form == 'shards':  # as its first lines say
        block = re.search(r'^train_dataloader = .*?^"""', text, re.M | re.S)[0]
        text = text[:text.rindex('train_dataloader = ')] + block[:-3].replace(
            'data/mine/', f'{tmp_path}/')
        (tmp_path / 'a.tar').write_bytes(tar_of([
            member for index in range(4) for member in pair(
                str(index), 'a cat', (tmp_path / f'{index}.png').read_bytes())
        ]))
    (tmp_path / 'c.py').write_text(text)
    cfg = Config.fromfile(tmp_path / 'c.py')
    assert ('Shards' in cfg.train_dataloader.dataset.type) == (
        form == 'shards')
    cfg.load_from = cfg.model.teacher.init_cfg.checkpoint = str(clip)
    cfg.merge_from_dict(dict(
        work_dir=str(tmp_path / 'work'), experiment_name=tmp_path.name,
        train_dataloader=dict(batch_size=2, num_workers=0),
        train_cfg=dict(max_iters=1),
        param_scheduler=[]))
    Runner.from_cfg(cfg).train()
    state = load_weights(tmp_path / 'work/iter_1.pth').tensors
    assert set(state) == set(load_weights(clip).tensors)


def test_a_pool_without_the_novel_names(tmp_path, monkeypatch, capsys):
    pool, out = tmp_path / 'all.txt', tmp_path / 'some.txt'
    novel, base = names('novel')[0], names('base')[0]
    pool.write_text(f'{novel}\t50\nphoto\t40\n{base}\t30\nzeppelin\t3\n')
    monkeypatch.setattr('sys.argv', ['x', str(pool), str(out)])
    leave_out_novel.main()
    assert out.read_text() == f'photo\t40\n{base}\t30\nzeppelin\t3\n'
    assert f'3 concepts, without {novel}' in capsys.readouterr().out


def test_every_command_of_the_table_can_be_given(tmp_path):
    """Scripts, configs and flags exist; what is needed comes before."""
    jobs = pretraining_table.all_jobs(tmp_path, seeds=2)
    known = set()
    assert len({job.name for job in jobs}) == len(jobs)
    for job in jobs:
        script, *words = job.command
        source = (ROOT / script).read_text()
        for word in words:
            if word.startswith('--'):
                assert f"'{word}'" in source, (script, word)
            if word.startswith('projects/'):
                assert (ROOT / word).is_file(), word
        assert set(job.needs) <= known, job.name
        known.add(job.name)
        assert shlex.split(str(job))[1:] == [*map(str, job.command)]


def test_changes_of_a_config_reach_what_they_name(tmp_path):
    """--cfg-options makes a key that is misspelt without a word."""
    online = Config.fromfile(CONFIGS / 'pretrain_nano.py')
    transfer = Config.fromfile(CONFIGS / 'transfer_nano.py')
    for job in pretraining_table.all_jobs(tmp_path, seeds=1):
        if '--cfg-options' not in job.command:
            continue
        cfg = transfer if 'transfer' in job.name else online
        at = job.command.index('--cfg-options')
        for option in job.command[at + 1:]:
            keys = option.split('=')[0].split('.')
            if keys[-1] == 'ann_file' or keys[0].startswith('--'):
                continue
            value = cfg
            for key in keys[:-1]:
                value = value[int(key) if key.isdigit() else key]
            assert keys[-1] in value or keys[-1] == 'type' or (
                keys[-1].startswith('loss_')), option


def test_steps_of_the_table_are_those_of_the_config():
    cfg = Config.fromfile(CONFIGS / 'pretrain_nano.py')
    assert cfg.max_iters == pretraining_table.PRETRAIN_STEPS
    transfer = Config.fromfile(CONFIGS / 'transfer_nano.py')
    assert transfer.param_scheduler[0].end == pretraining_table.WARMUP


def test_cells_have_mean_and_range():
    runs = [dict(eval=dict(x=dict(all=value))) for value in (.5, .6, .7)]
    cell = pretraining_table.cell
    assert cell(runs, 'eval', 'x', 'all') == '60.0 (50.0-70.0)'
    assert cell(runs[:1], 'eval', 'x', 'all') == '50.0'
    assert cell([], 'eval', 'x', 'all') == '-'


def test_tables_of_nothing_can_be_printed(tmp_path, capsys):
    pretraining_table.print_tables(tmp_path, 3)
    out = capsys.readouterr().out
    assert out.count('RegionCLIP-nano') >= 4 and '0 of ' in out
    assert not re.search(r'\d\d\.\d', out)
    assert not list(Path(tmp_path).iterdir())


def test_each_row_names_the_job_that_makes_it(tmp_path, capsys):
    pretraining_table.print_tables(tmp_path, 3)
    rows = set(re.findall(r'`(\w+)` \|', capsys.readouterr().out))
    jobs = [job.name for job in pretraining_table.all_jobs(tmp_path, 3)]
    assert len(rows) == 12
    for row in rows - {'evaluate_clip'}:
        assert {f'{row}_{seed}' for seed in range(3)} <= {*jobs}, row
    assert 'evaluate_clip' in jobs


def test_a_part_of_the_table_and_what_it_needs(tmp_path):
    jobs = pretraining_table.all_jobs(tmp_path, seeds=3)
    some = chosen(jobs, ['transfer_regionclip_2'])
    assert [job.name for job in some] == [
        'scenes', 'pool', 'embed_all', 'label_all', 'pretrain_regionclip_2',
        'transfer_regionclip_2', 'evaluate_transfer_regionclip_2']
    with pytest.raises(ValueError, match="--only: no job .* has 'regoin'"):
        chosen(jobs, ['transfer', 'regoin'])
