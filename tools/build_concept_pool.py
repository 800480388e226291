"""Collect the concepts that captions name, for region-text pretraining.

    python tools/build_concept_pool.py annotations/captions_train2017.json \\
        data/vocabularies/coco_nouns.txt

    python tools/build_concept_pool.py 'cc3m/{00000..00331}.tar' \\
        data/vocabularies/cc3m_nouns.txt --min-count 100

Captions are in files *.json (COCO captions, or a list of objects), *.jsonl,
*.txt (one a line) or *.tar (WebDataset), also with .gz. OUT gets a line
`concept<TAB>count` for each, most frequent first; OUT.report.json says what
was left out. An interrupted run goes on with the same command. Then, to embed
the concepts:

    python tools/build_vocabulary.py data/vocabularies/coco_nouns.pth \\
        --file data/vocabularies/coco_nouns.txt --checkpoint clip://RN50
"""
import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, List, Optional

sys.path.insert(0, str(Path(__file__).parents[1]))

from regionclip_mm.command_line import one_line_errors, positive, quiet

if TYPE_CHECKING:  # heavy: imported where it is needed
    from regionclip_mm.text.concept_pool import Progress

BESIDE = ('', '.report.json', '.partial.json')  # what is written, after OUT


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'captions', nargs='+', metavar='CAPTIONS',
        help="files, or patterns such as 'shards/{000..331}.tar' and '*.txt'")
    parser.add_argument('out', help='text file of concepts to write')
    parser.add_argument(
        '--min-count', type=positive, default=100, metavar='N',
        help='how often a concept must be named (default: %(default)s)')
    parser.add_argument(
        '--key', default='caption',
        help='of the captions in json objects; its value is a text or a list '
        'of texts (default: %(default)s)')
    parser.add_argument(
        '--members', nargs='+', default=['txt', 'json'], metavar='EXTENSION',
        help='members of tar shards that have the caption; the first that a '
        'sample has is taken, a json one by --key (default: txt json)')
    parser.add_argument(
        '--processes', type=positive, default=available(), metavar='N',
        help='how many parse captions (default: all, here %(default)s)')
    return parser.parse_args(argv)


def available() -> int:
    """Processors that this process may use."""
    if hasattr(os, 'sched_getaffinity'):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def find_captions(args: argparse.Namespace) -> List[Path]:
    """The files of captions, if they and the output can be used."""
    from regionclip_mm.apis.out_dir import check_out_file
    from regionclip_mm.io.caption_files import check_format
    from regionclip_mm.io.path_patterns import find_files
    files = find_files(args.captions)
    for path in files:
        check_format(path)
    if Path(args.out).exists() and not Path(
            f'{args.out}.report.json').exists():
        raise ValueError(f'{args.out} is there already and is no concept pool:'
                         ' give the file to write as the last one')
    for ending in BESIDE:
        check_out_file(args.out + ending)
        if Path(args.out + ending).resolve() in {p.resolve() for p in files}:
            raise ValueError(f'{args.out}{ending} is to be written, but is '
                             'among the captions: name another OUT')
    return files


def build(args: argparse.Namespace) -> None:
    """Count the concepts and write them."""
    files = find_captions(args)
    from rich.console import Console
    from rich.progress import BarColumn
    from rich.progress import Progress as Bar
    from rich.progress import TextColumn, TimeRemainingColumn

    from regionclip_mm.io.sample_captions import CaptionSource
    from regionclip_mm.text.concept_counts import READ, write_pool
    from regionclip_mm.text.concept_parser import ConceptParser
    from regionclip_mm.text.concept_pool import count_concepts
    sizes = [path.stat().st_size for path in files]
    source = CaptionSource(args.key, tuple(m.lstrip('.').lower()
                                           for m in args.members))
    parser, partial = ConceptParser(), f'{args.out}.partial.json'
    begun = time.perf_counter()
    # No thread of it when processes are started: refreshed by hand.
    with Bar(TextColumn('{task.fields[captions]:,} captions'), BarColumn(),
             TextColumn('{task.percentage:>3.0f}%'), TimeRemainingColumn(),
             console=Console(stderr=True), auto_refresh=False) as bar:
        task = bar.add_task('', total=sum(sizes), captions=0)
        for progress in count_concepts(files, parser, partial, source,
                                       args.processes):
            done = sum(sizes[:progress.file]) + progress.position
            bar.update(task, completed=done, refresh=True,
                       captions=progress.counts.account[READ])
    seconds = time.perf_counter() - begun
    report = write_pool(progress.counts, args.min_count, args.out, dict(
        **parser.origin, key=args.key, members=args.members,
        files=[str(path) for path in files]))
    Path(partial).unlink(missing_ok=True)
    tell(report, args.out)
    tell_speed(progress, seconds, args.processes)


def tell(report: dict, out: str) -> None:
    """Print what was kept and what was not."""
    print(f'{out}: {report["concepts"]} concepts of {report["captions"]} '
          'captions')
    hidden = ('concepts', 'captions', 'min_count', 'mentions')
    for what, number in report.items():
        if isinstance(number, int) and what not in hidden and number:
            print(f'{number:10d} {what.replace("_", " ")}')
    for places in report['examples'].values():
        print(*places, sep='\n', file=sys.stderr)


def tell_speed(progress: 'Progress', seconds: float, processes: int) -> None:
    """Print captions per second, and how much of the time was spaCy's."""
    if progress.captions:
        share = progress.spacy_seconds / (seconds * processes)
        print(f'{progress.captions} captions in {seconds:.1f} s: '
              f'{progress.captions / seconds:.0f} per second with '
              f'{processes} processes, {100 * share:.1f} % of their time in '
              "spaCy's pipeline")


def main(argv: Optional[List[str]] = None) -> None:
    """Build a concept pool, or say in one line why not."""
    args = parse_args(argv)
    quiet()
    with one_line_errors():
        build(args)


if __name__ == '__main__':
    main()
