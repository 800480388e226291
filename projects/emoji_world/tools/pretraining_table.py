"""Region-text pretraining in small: run and print the table of the README.

    python projects/emoji_world/tools/pretraining_table.py

Parses a concept pool from captions, labels regions once, pretrains and
fine-tunes with several seeds, evaluates, prints. An interrupted run goes on
with the same command; --print-only shows what there is, --commands what each
job runs. Two processes with one thread each; the files are in
work_dirs/pretraining_table. More seeds of a part only:

    python projects/emoji_world/tools/pretraining_table.py --seeds 6 \\
        --only transfer_clip_{3,4,5} transfer_regionclip_{3,4,5}
"""
import argparse
import json
import sys
from pathlib import Path
from statistics import mean
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from projects.emoji_world.emoji_world.jobs import (Job, chosen, run,
                                                   seconds_of, wall_seconds)
from regionclip_mm.command_line import one_line_errors, quiet

PROJECT = 'projects/emoji_world'
CONFIGS, TOOLS = f'{PROJECT}/configs', f'{PROJECT}/tools'
DATA = 'data/emoji_world'
CLIP = f'{DATA}/clip_nano.pth'  # of make_scenes.py
PRETRAIN_STEPS = 500
STEPS, WARMUP = 500, 50  # of fine-tuning

#: Variants of pretraining: name -> files of labels, changes of the config.
PRETRAINED: Dict[str, Tuple[str, Tuple[str, ...]]] = dict(
    regionclip=('all', ()),
    no_distill=('all', ('model.loss_region_distill=None', )),
    no_contrast=('all', ('model.loss_concept_contrastive=None', )),
    no_image_text=('all', ('model.loss_img_txt=None', )),
    map_teacher=('map_teacher', ()),
    random_boxes=('random', ()),
    no_novel_names=('no_novel', ()))
#: Initial weights of fine-tuning -> config.
FINE_TUNED = dict(random='transfer_nano', clip='transfer_nano',
                  regionclip='transfer_nano',
                  supervised='transfer_nano_supervised')
TITLES = dict(
    regionclip='RegionCLIP-nano', no_distill='without distillation',
    no_contrast='without contrast', no_image_text='without image-text',
    map_teacher='teacher on the maps, as the reference\'s',
    random_boxes='random boxes instead of the RPN\'s',
    no_novel_names='pool without the novel names',
    random='at random', clip='CLIP-nano',
    supervised='CLIP-nano, boxes of novel classes too (ceiling)')


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--seeds', type=int, default=3, metavar='N')
    parser.add_argument('--processes', type=int, default=2, metavar='N')
    parser.add_argument('--folder', type=Path,
                        default='work_dirs/pretraining_table')
    parser.add_argument('--only', nargs='+', metavar='TEXT', help='jobs whose '
                        'names contain one of these, and what they need')
    parser.add_argument('--print-only', action='store_true',
                        help='run nothing')
    parser.add_argument('--commands', action='store_true',
                        help='print the commands, run nothing')
    return parser.parse_args()


def preparations(folder: Path) -> List[Job]:
    """Scenes, the pool, and what the teacher says of regions."""
    pool = f'{DATA}/concepts'
    return [
        Job('scenes', (f'{TOOLS}/make_scenes.py', )),
        Job('pool', (
            'tools/build_concept_pool.py',
            f'{DATA}/annotations/captions_train_captions.json',
            f'{pool}/all.txt', '--min-count', '10'), ('scenes', )),
        embedding('all', 'pool'),
        labelling('all', '', folder)]


def ablated_preparations(folder: Path) -> List[Job]:
    """A pool without the novel names; other teachers' labels."""
    pool = f'{DATA}/concepts'
    return [
        Job('pool_no_novel', (
            f'{TOOLS}/leave_out_novel.py', f'{pool}/all.txt',
            f'{pool}/no_novel.txt'), ('pool', )),
        embedding('no_novel', 'pool_no_novel'),
        labelling('map_teacher', '_map-teacher', folder),
        labelling('random', '_random-boxes', folder),
        labelling('no_novel', '_no-novel', folder)]


def embedding(name: str, needs: str) -> Job:
    """Embeddings of a pool."""
    pool = f'{DATA}/concepts/{name}'
    return Job(f'embed_{name}', (
        'tools/build_vocabulary.py', f'{pool}.pth', '--file', f'{pool}.txt',
        '--config', f'{CONFIGS}/regionclip_nano.py',
        '--checkpoint', CLIP), (needs, ))


def labelling(name: str, leaf: str, folder: Path) -> Job:
    """What a teacher says of regions."""
    labels, config = f'{folder}/labels', f'{CONFIGS}/pretrain_nano{leaf}.py'
    needs = 'embed_no_novel' if name == 'no_novel' else 'embed_all'
    return Job(f'label_{name}', (
        'tools/label_regions.py', config, f'{labels}/{name}.json',
        '--device', 'cpu', '--offline-config',
        f'{labels}/{name}_offline.py'), (needs, ), config)


def training(name: str, config: str, folder: Path, needs: Tuple[str, ...],
             options: Tuple[str, ...]) -> Job:
    """A job that trains, into the folder of its name."""
    return Job(name, (
        f'{TOOLS}/train.py', config, '--threads', '1', '--resume',
        '--work-dir', f'{folder}/{name}', '--cfg-options', *options), needs,
        config)


def evaluation(name: str, checkpoint: str, needs: Tuple[str, ...],
               folder: Path, *options: str) -> Job:
    return Job(f'evaluate_{name}', (
        f'{TOOLS}/evaluate.py', checkpoint, '--threads', '1',
        '--json', f'{folder}/{name}.json', *options), needs)


def pretrainings(folder: Path, seed: int, variants: Sequence[str]
                 ) -> List[Job]:
    """Some variants, each with its evaluation."""
    jobs = []
    for variant in variants:
        labels, options = PRETRAINED[variant]
        name = f'pretrain_{variant}_{seed}'
        # the student is the same, with the RPN for evaluation
        config = 'no_novel' if labels == 'no_novel' else 'all'
        jobs.append(training(
            name, f'{folder}/labels/{config}_offline.py', folder,
            (f'label_{config}', f'label_{labels}'), (
                f'randomness.seed={seed}',
                'train_dataloader.dataset.pipeline.0.ann_file='
                f'{folder}/labels/{labels}.json', *options)))
        jobs.append(evaluation(
            name, last(folder, name), (name, ), folder, *(
                () if variant == 'regionclip' else
                ('--only-rpn', '--splits', 'eval'))))
    return jobs


def fine_tunings(folder: Path, seed: int) -> List[Job]:
    """From each of the initial weights, and its evaluation."""
    jobs = []
    for start, config in FINE_TUNED.items():
        name, needs, load_from = f'transfer_{start}_{seed}', ('scenes', ), CLIP
        options = ()
        if start == 'regionclip':
            needs = (f'pretrain_regionclip_{seed}', )
            load_from = last(folder, needs[0])
        elif start == 'random':
            load_from = f'{folder}/random_{seed}.pth'
            needs = (f'random_{seed}', )
            # nothing is known yet that a low rate would have to spare
            options = ('model.backbone.frozen_stages=-1',
                       'optim_wrapper.paramwise_cfg.custom_keys.backbone.'
                       'lr_mult=1.0')
            jobs.append(Job(needs[0], (
                f'{TOOLS}/forget_encoder.py', load_from, '--seed',
                str(seed)), ('scenes', )))
        jobs.append(training(
            name, f'{CONFIGS}/{config}.py', folder, needs, (
                f'randomness.seed={seed}', f'train_cfg.max_iters={STEPS}',
                f'param_scheduler.1.T_max={STEPS - WARMUP}',
                'optim_wrapper.type=CPUAmpOptimWrapper', *options,
                f'load_from={load_from}')))
        jobs.append(evaluation(
            name, last(folder, name), (name, ), folder, '--only-rpn',
            '--splits', 'eval', '--config', config))
    return jobs


def last(folder: Path, name: str) -> str:
    """The checkpoint that a training ends with."""
    steps = STEPS if name.startswith('transfer') else PRETRAIN_STEPS
    return f'{folder}/{name}/iter_{steps}.pth'


def all_jobs(folder: Path, seeds: int) -> List[Job]:
    """Everything; the ablations last."""
    main, *ablations = PRETRAINED
    jobs = [*preparations(folder),
            evaluation('clip', CLIP, ('scenes', ), folder)]
    for seed in range(seeds):
        jobs += pretrainings(folder, seed, [main]) + fine_tunings(folder, seed)
    jobs += ablated_preparations(folder)
    for seed in range(seeds):
        jobs += pretrainings(folder, seed, ablations)
    return jobs


def found(folder: Path, name: str) -> Optional[dict]:
    """Figures of a run, if it is done."""
    path = folder / f'{name}.json'
    return json.loads(path.read_text()) if path.exists() else None


def cell(runs: List[dict], split: str, what: str, role: str) -> str:
    """Mean in per cent, and lowest to highest of several runs."""
    values = [100 * run[split][what][role] for run in runs]
    if len(values) < 2:
        return f'{values[0]:.1f}' if values else '-'
    return f'{mean(values):.1f} ({min(values):.1f}-{max(values):.1f})'


def minutes(folder: Path, jobs: Dict[str, Job], names: List[str]) -> str:
    """Mean time of a training on one core."""
    times = [seconds_of(jobs[n], folder) / 60 for n in names if n in jobs]
    return f'{mean(times):.0f} min' if times else '-'


class Row(NamedTuple):
    """A line of a table; names of its jobs begin with ``job``, and ``runs``
    are the figures of each seed."""
    title: str
    job: str
    runs: List[dict]
    time: str


def table(rows: List[Row], split: str, whats: List[str]) -> str:
    """Markdown: base, novel and all of each measure."""
    roles = ('base', 'novel', 'all')
    lines = ['| | ' + ' | '.join(
        f'{what}, {role}' for what in whats for role in roles)
        + ' | time | job |', '|---' * (3 + 3 * len(whats)) + '|']
    for title, job, runs, time in rows:
        cells = [cell(runs, split, what, role)
                 for what in whats for role in roles]
        if len(runs) > 1:
            title = f'{title}, {len(runs)} seeds'
        lines.append(f'| {title} | {" | ".join(cells)} | {time} | `{job}` |')
    return '\n'.join(lines)


def print_tables(folder: Path, seeds: int) -> None:
    """What is done so far."""
    everything = all_jobs(folder, seeds)
    jobs = {job.name: job for job in everything
            if seconds_of(job, folder) >= 0}
    rows = {}
    for group, variants in (('pretrain', PRETRAINED), ('transfer',
                                                       FINE_TUNED)):
        for variant in variants:
            names = [f'{group}_{variant}_{seed}' for seed in range(seeds)]
            runs = [r for r in (found(folder, n) for n in names) if r]
            rows[group, variant] = Row(TITLES[variant], names[0][:-2], runs,
                                       minutes(folder, jobs, names))
    clip = found(folder, 'clip')
    clip_row = Row('CLIP-nano', 'evaluate_clip', [clip] if clip else [], '')
    coco, words = (f'RPN boxes, AP50, {n} names' for n in ('COCO', 'all'))
    boxes = [f'annotated boxes, AP50, {n} names' for n in ('COCO', 'all')]
    best = rows['pretrain', 'regionclip']
    for split in ('eval', 'eval_unseen'):
        for whats in ([coco, words], boxes):
            print(f'\n{split}\n{table([clip_row, best], split, whats)}')
    print('\nablations\n' + table(
        [row for key, row in rows.items() if key[0] == 'pretrain'], 'eval',
        [coco, words]))
    print('\nfine-tuned\n' + table(
        [row for key, row in rows.items() if key[0] == 'transfer'], 'eval',
        [coco, words]))
    total = sum(seconds_of(job, folder) for job in jobs.values()) / 3600
    print(f'\n{len(jobs)} of {len(everything)} jobs, {total:.1f} hours of one '
          f'core, {wall_seconds(folder) / 3600:.1f} hours by the clock')


def main() -> None:
    args = parse_args()
    quiet()
    jobs = all_jobs(args.folder, args.seeds)
    if args.only:
        jobs = chosen(jobs, args.only)
    if args.commands:
        for job in jobs:
            print(f'{job.name}: {job}')
        return
    if not args.print_only:
        run(jobs, args.folder, args.processes)
    print_tables(args.folder, args.seeds)


if __name__ == '__main__':
    with one_line_errors():
        main()
