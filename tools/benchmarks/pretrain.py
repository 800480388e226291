"""Time of a pretraining step, part by part, in four forms.

    OMP_NUM_THREADS=1 python tools/benchmarks/pretrain.py --size 480 640

- online: as shipped, with teacher and RPN;
- literal: the reference's form of it (tools/benchmarks/literal.py): stem and
  layer1 once more for the teacher, every query of the attention pool, norms
  after convolutions, torchvision's RoIAlign, captions of 77 tokens;
- offline: from the labels that the teacher of `online` left, top-k of them
  in half precision, for the same regions;
- bfloat16: online with teacher and RPN in this type.

Runs of the four alternate, and medians are printed. The losses of online,
literal and offline (of all concepts, in float32) have to be equal, and so have
the gradients of online and literal. Weights, pixels
and concepts are random, which time does not depend on; what student and
teacher share is as in the recipe.
"""
import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Dict, List

import torch
from measure import Parts, difference, machine
from mmengine.config import Config
from pretraining_step import FORMS, PARTS, ROOT, Bench, Result, prepare

from mmdet.utils import register_all_modules

TOLERANCE = 1e-4  # of losses
GRADIENTS = 5e-3  # in which a ReLU of about zero is one or the other


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--config', default=str(
        ROOT / 'configs/pretrain/regionclip_rn50_rpn_cc3m.py'))
    parser.add_argument('--size', type=int, nargs=2, default=(800, 1216),
                        metavar=('H', 'W'))
    parser.add_argument('--images', type=int, default=2)
    parser.add_argument('--regions', type=int, default=100)
    parser.add_argument('--concepts', type=int, default=6250)
    parser.add_argument('--top-k', type=int, default=128)
    parser.add_argument('--kept', type=float, default=1.0, help='share of '
                        'the regions that the teacher is sure of')
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--device', default='cpu')
    return parser.parse_args()


def gap(one: Dict[str, float], other: Dict[str, float]) -> float:
    """The largest difference of losses."""
    assert one.keys() == other.keys()
    return max(abs(one[key] - other[key]) for key in one)


def check(bench: Bench, results: Dict[str, Result]) -> str:
    """How equal the forms are, in words.

    Raises:
        AssertionError: If they are not.
    """
    ours, literal = results['online'], results['literal']
    losses = gap(ours.losses, literal.losses)
    total, worst = difference(ours.gradients, literal.gradients)
    offline = gap(ours.losses, bench.whole)
    assert max(losses, offline) < TOLERANCE, (losses, offline)
    assert total < GRADIENTS, total
    return (
        f'Losses of the literal form differ by at most {losses:.1e} from '
        f'those online, gradients by {total:.1e} (relative; one tensor by '
        f'{worst:.1e}). Offline losses differ by {offline:.1e} with all '
        'concepts of each region in float32, by '
        f'{gap(ours.losses, results["offline"].losses):.1e} with the best '
        'ones in half precision: the others, of random weights, are many.')


def table(rows: Dict[str, List[Dict[str, float]]]) -> str:
    """Markdown table of medians, and what follows from it."""
    median = {form: {p: statistics.median(r.get(p, 0.0) for r in runs)
                     for p in PARTS} for form, runs in rows.items()}
    total = {form: sum(parts.values()) for form, parts in median.items()}
    online = median['online']
    lines = ['| part | online, s | share | ' + ' | '.join(
        f'{form}, s' for form in FORMS[1:]) + ' |', '|---' * 6 + '|']
    for name, of in [(p, {f: median[f][p] for f in FORMS}) for p in PARTS] + [
            ('iteration', total)]:
        lines.append(f'| {name} | {of["online"]:.3f} | '
                     f'{of["online"] / total["online"]:.0%} | ' + ' | '.join(
                         f'{of[form]:.3f}' for form in FORMS[1:]) + ' |')
    saved = online['RPN'] + online['teacher']
    lines.append(
        f'\nonline is {total["literal"] / total["online"]:.2f} times as fast '
        f'as literal; offline is {total["online"] / total["offline"]:.2f} and '
        f'bfloat16 {total["online"] / total["bfloat16"]:.2f} times as fast as '
        'online; without RPN and teacher, all else being equal, it would be '
        f'{total["online"] / (total["online"] - saved):.2f} times')
    return '\n'.join(lines)


def compare(cfg: Config, args: argparse.Namespace) -> str:
    """Run all forms by turns; what to print.

    Args:
        cfg: See :func:`prepare`.
        args: Of the command line.
    """
    bench = Bench(cfg, args)
    # its processor's time is fair beside other jobs, where it is all there is
    alone = args.threads == 1 and args.device == 'cpu'
    clock = time.process_time if alone else time.perf_counter
    rows, results = {form: [] for form in FORMS}, {}
    for i in range(-1, args.runs):  # the first round warms up
        for form in FORMS:
            meter = Parts(args.device, clock=clock)
            results[form] = bench.run(form, meter)
            if i >= 0:
                rows[form].append(meter.seconds)
    about = (f'{args.images} images of {args.size[0]}x{args.size[1]}, '
             f'{args.regions} regions each, {args.kept:.0%} of them kept, '
             f'{args.concepts} concepts, float32, medians of {args.runs} '
             f'alternated runs{", processor time" if alone else ""}; '
             f'{machine(args.device)}')
    return '\n\n'.join([about, table(rows), check(bench, results)])


def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    register_all_modules()
    with tempfile.TemporaryDirectory() as folder:
        cfg = prepare(Config.fromfile(args.config), args, Path(folder))
        print(f'{Path(args.config).stem}, {compare(cfg, args)}')


if __name__ == '__main__':
    main()
