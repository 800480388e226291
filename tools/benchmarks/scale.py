"""What pretraining needs for CC3M and for 100 million pairs (docs/scale.md).

    python tools/benchmarks/scale.py

Nothing is timed: tables are computed from the constants below and from the
arithmetic that flops.py counts.
"""
from typing import Dict, List, NamedTuple, Sequence

from flops import RECIPE, build, literal_surplus, parts

SIZE = (720, 960)  # the middle of short sides of 640 to 800, 3:4
STEPS, BATCH = 600_000, 96  # of the recipe
SETS = {'CC3M': 3_300_000, '100 million': 100_000_000}
# Measured, docs/pretraining.md; bytes, or seconds of a core.
JPEG, LABEL_JSON, LABEL_ROWS, REGIONS = 104_000, 171, {128: 538, 32: 154}, 100
PARSE, READ, LOAD, WORKERS = 1 / 890, 1 / 6800, 0.0110, 4
# Assumed: bytes of a caption, of a sample's tar headers and padding.
CAPTION, TAR = 70, 2300
# Published for the reference: GPU-seconds for an image on a V100.
V100_SECONDS = 6 * 86400 * 32 / (STEPS * BATCH)
# Assumed: an H100 is so many times as fast, of the 3.7 times in memory and
# 4.3 times in float32 by the data sheets; bytes/s between machines for a GPU.
H100, NETWORK = 3.0, 25e9
COLUMNS = ('GPUs', 'images per step', 'a step', 'days', 'images/s',
           'cores for loading', 'all-gather, MB', 'all-reduce, MB', 'network',
           'bottleneck')


class Work(NamedTuple):
    """Operations for one image.

    Attributes:
        online, offline: Of a training step.
        label: Of labelling it once.
        literal: Of a step of the reference.
    """
    online: float
    offline: float
    label: float
    literal: float


def work_of(found: Dict[str, float], surplus: float) -> Work:
    """From the parts, see ``flops.parts``."""
    online, teaching = sum(found.values()), found['RPN'] + found['teacher']
    return Work(online, online - teaching, teaching + found['trunk'],
                online + surplus)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Markdown table."""
    lines = ['| ' + ' | '.join(map(str, row)) + ' |' for row in (head, *rows)]
    return '\n'.join([lines[0], '|---' * len(head) + '|', *lines[1:], ''])


def storage() -> List[List[str]]:
    """Rows: what is on disk, GB."""
    sizes = {'shards (images, captions)': JPEG + CAPTION + TAR,
             'captions alone': CAPTION}
    for k, rows in LABEL_ROWS.items():
        sizes[f'offline labels, {REGIONS} regions, k = {k}'] = (
            REGIONS * (LABEL_JSON + rows))
    return [[name, *(f'{size * n / 1e9:,.1f}' for n in SETS.values())]
            for name, size in sizes.items()]


def once(work: Work, rate: float) -> List[List[str]]:
    """Rows: what is done once, in hours."""
    hours = {
        'concept pool, 1 process': PARSE,
        'concept pool, 16 processes, one of which reads':
            max(PARSE / 16, READ),
        'labels of the regions, 8 H100': work.label / rate / 8,
        'labels of the regions, 64 H100': work.label / rate / 64}
    return [[name, *(f'{seconds * n / 3600:,.1f}' for n in SETS.values())]
            for name, seconds in hours.items()]


def training(work: Work, rate: float, gradients: int,
             embed_dim: int) -> List[List[str]]:
    """Rows: a training of as many images as the recipe's."""
    rows = []
    for gpus, batch in ((8, 12), (64, 3)):
        for form in ('online', 'offline'):
            step = batch * getattr(work, form) / rate
            gather = 3 * (gpus - 1) * batch * embed_dim * 4
            reduce = 2 * (gpus - 1) / gpus * gradients * 4
            needs = {'arithmetic of the GPUs': step,
                     'network': (gather + reduce) / NETWORK,
                     'loading': batch * LOAD / WORKERS}
            speed = gpus * batch / step
            rows.append([
                f'{gpus}, {form}', gpus * batch, f'{step:.2f} s',
                f'{STEPS * BATCH / speed / 86400:.1f}', f'{speed:,.0f}',
                f'{speed * LOAD:.1f}', f'{gather / 1e6:.1f}',
                f'{reduce / 1e6:.0f}', f'{needs["network"] * 1e3:.0f} ms',
                max(needs, key=needs.get)])
    return rows


def main() -> None:
    model = build(RECIPE)
    found = parts(model, SIZE)
    work = work_of(found, literal_surplus(model, SIZE))
    rate = H100 * work.literal / V100_SECONDS
    print(f'An image of {SIZE[0]}x{SIZE[1]} takes {work.online / 1e9:.0f} '
          f'GFLOP online, {work.offline / 1e9:.0f} offline, '
          f'{work.literal / 1e9:.0f} in the literal form; the published '
          f'{V100_SECONDS:.3f} s on a V100 are {rate / H100 / 1e12:.1f} '
          f'TFLOP/s; assumed for an H100: {rate / 1e12:.1f}\n')
    print(table(['GB', *SETS], storage()))
    print(table(['hours, once', *SETS], once(work, rate)))
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    dim = model.roi_head.bbox_head.region_pool.embed_dim
    print(table(COLUMNS, training(work, rate, trained, dim)))
    for name, pairs in SETS.items():
        seen = STEPS * BATCH / pairs
        saved = seen * (work.online - work.offline) / work.label
        print(f'{name}: {seen:.2f} epochs; offline saves {saved:.1f} times '
              'what labelling takes')


if __name__ == '__main__':
    main()
