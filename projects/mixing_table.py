"""Words in other detectors: train and evaluate all, print the table.

    python projects/mixing_table.py

Each detector with its own classifier and with a text classifier, the same
schedule. An interrupted run goes on with the same command; --print-only shows
what there is. The files are in work_dirs/mixing.
"""
import argparse
import json
import sys
from pathlib import Path
from typing import Dict, List, Optional

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from projects.emoji_world.emoji_world.jobs import Job, run
from regionclip_mm.command_line import one_line_errors, quiet

DETECTORS = dict(faster_rcnn='faster-rcnn', fast_rcnn='fast-rcnn',
                 clip_fpn='clip-fpn',
                 mask_rcnn='mask-rcnn', cascade_rcnn='cascade-rcnn',
                 atss='atss', rtmdet='rtmdet', dino='dino')
STEPS = 250


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--projects', nargs='+', choices=sorted(DETECTORS),
                        default=list(DETECTORS), metavar='NAME',
                        help='default: %(default)s')
    parser.add_argument('--processes', type=int, default=2, metavar='N')
    parser.add_argument('--folder', type=Path, default='work_dirs/mixing')
    parser.add_argument('--print-only', action='store_true',
                        help='run nothing')
    return parser.parse_args()


def config_of(project: str, kind: str) -> Path:
    """Config of a detector, ``kind`` being '' or '_text'."""
    return Path('projects', project, 'configs',
                f'{DETECTORS[project]}_nano{kind}.py')


def jobs_of(project: str, folder: Path) -> List[Job]:
    """Training and test of a detector, with either classifier."""
    jobs = []
    for kind in ('_text', ''):
        config = config_of(project, kind)
        out = folder / config.stem
        jobs += [
            Job(config.stem, (
                'projects/emoji_world/tools/train.py', str(config),
                '--threads', '1', '--resume', '--work-dir', str(out)),
                ('scenes', 'masks'), str(config)),
            Job(f'test_{config.stem}', (
                'tools/test.py', str(config), f'{out}/iter_{STEPS}.pth',
                '--work-dir', f'{out}/test'), (config.stem, ))]
    return jobs


def figures_of(config: Path, folder: Path) -> Optional[Dict[str, float]]:
    """What the last test of a config measured; None if there was none."""
    files = sorted((folder / config.stem / 'test').glob('*/*.json'))
    return json.loads(files[-1].read_text()) if files else None


def lines_of(config: Path) -> int:
    """Lines of a config after its docstring."""
    code = config.read_text().split('"""')[2]
    return sum(bool(line.strip()) for line in code.splitlines())


def row(project: str, folder: Path) -> str:
    """AP50 in per cent with both classifiers, as a row of markdown."""
    own, text = config_of(project, ''), config_of(project, '_text')
    cells = [project, str(lines_of(text))]
    for config, keys in ((own, ('base', )), (text, ('base', 'novel'))):
        found = figures_of(config, folder) or {}
        cells += [f'{100 * found[key]:.1f}' if key in found else '-'
                  for key in (f'coco/{part}_ap50' for part in keys)]
    return f'| {" | ".join(cells)} |'


def main() -> None:
    args = parse_args()
    quiet()
    if not args.print_only:
        jobs = [Job('scenes', ('projects/emoji_world/tools/make_scenes.py', )),
                Job('masks', ('projects/mask_rcnn/make_masks.py', ),
                    ('scenes', ))]
        for project in args.projects:
            jobs += jobs_of(project, args.folder)
        run(jobs, args.folder, args.processes)
    print('| detector | lines of config | own classifier: base AP50 '
          '| text classifier: base AP50 | novel AP50 |\n'
          '|---|---|---|---|---|')
    for project in args.projects:
        print(row(project, args.folder))


if __name__ == '__main__':
    with one_line_errors():
        main()
