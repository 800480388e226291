"""How well example crops name objects, beside words.

    python projects/emoji_world/tools/make_scenes.py
    python projects/emoji_world/tools/classify_by_examples.py

Examples are boxes of training scenes, drawn by chance; the annotated objects
of the evaluation scenes are named, among the 55 COCO names. Printed is the
share that is named right, in per cent. With --alone, one name at a time has
examples, every fifth one, and the others words.
"""
import argparse
import random
import sys
from pathlib import Path
from typing import Dict, List, Optional

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT))

import torch
from rich.progress import track
from torch import Tensor
from torch.nn.functional import normalize

from regionclip_mm.apis import RegionInferencer
from regionclip_mm.apis.example_files import Examples, read_examples
from regionclip_mm.apis.example_vocabulary import (Embedded, embed_around,
                                                   embed_examples,
                                                   vocabulary_of_examples)
from regionclip_mm.command_line import need_file, one_line_errors
from regionclip_mm.text import Vocabulary

PROJECT = ROOT / 'projects/emoji_world'
DATA = ROOT / 'data/emoji_world'


def parse_args(argv: Optional[List[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--counts', type=int, nargs='+', default=[1, 5, 20],
                        help='examples of a name')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--train', default='rpn_train')
    parser.add_argument('--eval', default='eval', dest='split')
    parser.add_argument('--alone', type=int, metavar='N', help='give N '
                        'examples to one name at a time')
    parser.add_argument('--most', type=int, default=10**6,
                        help='objects of a name to name')
    return parser.parse_args(argv)


def read(split: str, most: Optional[int] = None) -> Examples:
    """Objects of a split by their names."""
    return read_examples(str(DATA / f'annotations/{split}_coco.json'),
                         str(DATA / 'images'), most)


def right(vocabulary: Vocabulary, objects: Embedded,
          names: Optional[List[str]] = None) -> float:
    """Per cent of the objects, of all or some names, that get their own."""
    rows = normalize(vocabulary.embeddings.float())
    hits: List[Tensor] = []
    for name in names or objects:
        found = (objects[name] @ rows.T).argmax(1)
        hits.append(found == vocabulary.names.index(name))
    return 100 * torch.cat(hits).float().mean().item()


def drawn(examples: Examples, count: int, seed: int) -> Examples:
    """So many examples of each name."""
    dice = random.Random(seed)
    return {name: dice.sample(found, min(count, len(found)))
            for name, found in examples.items()}


def measure(embedded: Embedded, words: Vocabulary,
            objects: Embedded) -> Dict[str, float]:
    """Accuracies with examples, with words too, and with half of each."""
    names = list(objects)
    half = {name: embedded[name] for name in names[::2]}
    others = words.select(names[1::2])
    raw = Vocabulary((*half, *others.names), torch.cat([
        vocabulary_of_examples(half).embeddings,
        normalize(others.embeddings.float())]))
    return {
        'examples': right(vocabulary_of_examples(embedded), objects),
        'examples and words of all': right(
            vocabulary_of_examples(embedded, words), objects),
        'half examples, half words': right(
            vocabulary_of_examples(half, others), objects),
        'the same, not levelled': right(raw, objects)}


def alone(detect: RegionInferencer, train: Examples, words: Vocabulary,
          objects: Embedded) -> str:
    """What becomes of names that are the only ones with examples."""
    figures = []
    for name in list(objects)[::5]:
        others = words.select([one for one in objects if one != name])
        found = vocabulary_of_examples(
            embed_examples(detect, {name: train[name]}), others,
            embed_around(detect, train[name]))
        rows = normalize(found.embeddings.float())
        wrong = sum(int(((objects[other] @ rows.T).argmax(1) == 0).sum())
                    for other in others.names)
        figures.append((right(words, objects, [name]),
                        right(found, objects, [name]), wrong,
                        right(found, objects)))
    means = [sum(column) / len(figures) for column in zip(*figures)]
    return ('{} names, one at a time: {:.1f} of their objects by the word, '
            '{:.1f} by examples; {:.1f} others taken for them; {:.1f} of all '
            'objects right'.format(len(figures), *means))


def main(argv: Optional[List[str]] = None) -> None:
    args = parse_args(argv)
    for split in (args.train, args.split):
        need_file('file of annotations (make_scenes.py makes it)',
                  str(DATA / f'annotations/{split}_coco.json'))
    detect = RegionInferencer(
        str(PROJECT / 'configs/regionclip_nano.py'),
        str(PROJECT / 'weights/regionclip_nano.pth'), show_progress=False)

    def progress(steps: list) -> list:
        return track(steps, description='images')

    train, found = read(args.train), read(args.split, args.most)
    objects = embed_examples(detect, {
        name: found[name] for name in found if name in train}, progress)
    train = {name: train[name] for name in objects}
    words = detect.model.vocabulary.select(list(objects))
    print(f'{sum(map(len, objects.values()))} objects, {len(objects)} names; '
          f'words: {right(words, objects):.1f}')
    if args.alone:
        print(alone(detect, drawn(train, args.alone, args.seeds[0]), words,
                    objects))
        return
    print('| examples of a name | vocabulary | right, % (lowest to highest of '
          f'{len(args.seeds)} draws) |\n|---|---|---|')
    for count in args.counts:
        found = [measure(embed_examples(
            detect, drawn(train, count, seed), progress), words, objects)
            for seed in args.seeds]
        for kind in found[0]:
            values = [one[kind] for one in found]
            mean = sum(values) / len(values)
            print(f'| {count} | {kind} | {mean:.1f} ({min(values):.1f}-'
                  f'{max(values):.1f}) |', flush=True)


if __name__ == '__main__':
    with one_line_errors():
        main()
