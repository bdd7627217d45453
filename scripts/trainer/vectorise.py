"""Tokens -> tf-idf rows, and the choice of the vocabulary.

    tf(t, d)  = 1 + ln(count of t in d)
    idf(t)    = ln((1 + n) / (1 + df(t))) + 1
    row       = tf * idf / l2 norm over all terms of the vocabulary

in float64, cast to float32. Terms are all tokens, and pairs of neighbouring words joined by one
space; tokens of header and fields (those that start with '@') take no part in pairs.
"""

from collections import defaultdict
from itertools import pairwise

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

NGRAM = (1, 2)
MIN_PRODUCTS = 2
"""A term of one product only cannot help with another product, so it is left out."""
MIN_TEMPLATES = 3


def terms(tokens):
    """Unigrams, then bigrams, of one document's tokens."""
    found = [token for token in tokens if not token.startswith("@")]
    return [*tokens, *(f"{a} {b}" for a, b in pairwise(found))]


def choose_terms(documents, lines, min_products=MIN_PRODUCTS, min_templates=MIN_TEMPLATES):
    """The vocabulary: terms seen in enough products and templates, in ascending order.

    documents: token sequences; lines: the generated lines they were made of.
    """
    products, templates = defaultdict(set), defaultdict(set)
    for tokens, line in zip(documents, lines, strict=True):
        for term in set(terms(tokens)):
            products[term].add(line.template.product)
            templates[term].add(line.template.id)
    return sorted(
        term
        for term in products
        if len(products[term]) >= min_products and len(templates[term]) >= min_templates
    )


def fit(documents, lines, **limits):
    """A fitted TfidfVectorizer over the chosen vocabulary."""
    vocabulary = choose_terms(documents, lines, **limits)
    vectoriser = TfidfVectorizer(
        analyzer=terms, vocabulary=vocabulary, sublinear_tf=True, dtype=np.float64
    )
    return vectoriser.fit(documents)


def transform(vectoriser, documents):
    """float32 CSR [N, len(vocabulary)], columns ascending in each row.

    scikit-learn sorts the columns before it sums the squares, so the norm is a sum in ascending
    order of terms, as it is in the program.
    """
    rows = vectoriser.transform(documents).astype(np.float32)
    rows.sort_indices()
    return rows


def vocabulary_file(vectoriser, columns):
    """The content of vocabulary.json: terms, idf in float64, and the columns the model uses."""
    ordered = sorted(vectoriser.vocabulary_, key=vectoriser.vocabulary_.get)
    return {
        "version": 1,
        "ngram": list(NGRAM),
        "terms": ordered,
        "idf": [float(value) for value in vectoriser.idf_],
        "columns": [int(column) for column in columns],
    }


def unknown_rate(vectoriser, documents):
    """Mean share of a document's words (tokens of header and fields aside) that the vocabulary lacks."""
    known = vectoriser.vocabulary_
    shares = []
    for tokens in documents:
        found = [token for token in tokens if not token.startswith("@")]
        if found:
            shares.append(sum(token not in known for token in found) / len(found))
    return float(np.mean(shares))
