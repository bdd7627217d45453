"""Splits by product: no product stands on both sides of any split.

Products of one group (web, cloud, ...) are spread over the folds, so that each fold holds out some
of every group as far as there are enough.
"""

from collections import defaultdict

FOLDS = 5


def assign(templates, count=FOLDS):
    """{product: fold}. Largest products first, each to the fold that holds the fewest templates of
    its group, then the fewest in all."""
    sizes, groups = defaultdict(int), {}
    for template in templates:
        sizes[template.product] += 1
        groups[template.product] = template.group
    in_group = [defaultdict(int) for _ in range(count)]
    in_all = [0] * count
    made = {}
    for product in sorted(sizes, key=lambda name: (-sizes[name], name)):
        group = groups[product]
        fold = min(range(count), key=lambda f: (in_group[f][group], in_all[f], f))
        made[product] = fold
        in_group[fold][group] += sizes[product]
        in_all[fold] += sizes[product]
    return made


def split(items, product_of, folds, held_out):
    """(places of training items, places of held-out items).

    Raises where a product would stand on both sides.
    """
    inside = [i for i, item in enumerate(items) if folds[product_of(item)] != held_out]
    outside = [i for i, item in enumerate(items) if folds[product_of(item)] == held_out]
    check(items, product_of, inside, outside)
    return inside, outside


def check(items, product_of, inside, outside):
    """Raises ValueError where a product is both trained on and held out."""
    both = {product_of(items[i]) for i in inside} & {product_of(items[i]) for i in outside}
    if both:
        raise ValueError(f"expected no product on both sides of the split, found {sorted(both)}")
