"""Take the names of novel classes out of a concept pool.

    python projects/emoji_world/tools/leave_out_novel.py POOL.txt OUT.txt

Every concept that the captions' words for them are parsed into is left out.
"""
import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from projects.emoji_world.emoji_world.concepts import concepts
from projects.emoji_world.tools.make_scenes import write_whole
from regionclip_mm.command_line import need_file, one_line_errors, quiet
from regionclip_mm.text.concept_parser import ConceptParser


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('pool', help='of tools/build_concept_pool.py')
    parser.add_argument('out', type=Path)
    args = parser.parse_args()
    need_file('concept pool', args.pool)
    quiet()
    words = [f'{phrase}.' for c in concepts() if c.role == 'novel'
             for phrase in (f'a photo of {c.one}', f'a photo of two {c.many}')]
    names = {c.name for c in concepts() if c.role == 'novel'}.union(
        *ConceptParser().parse(words)) - {'photo', 'pair'}
    lines = Path(args.pool).read_text().splitlines(keepends=True)
    kept = [line for line in lines if line.split('\t')[0] not in names]
    write_whole(args.out, ''.join(kept).encode())
    gone = [line.split('\t')[0] for line in lines if line not in kept]
    print(f'{args.out}: {len(kept)} concepts, without {", ".join(gone)}')


if __name__ == '__main__':
    with one_line_errors():
        main()
