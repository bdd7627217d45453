"""The trainer: corpus/*.yaml in, bundles/default/ out.

The map, in the order in which the data flows:

    corpus     reads and lints the labelled templates
    slots      one generator per typed slot (`words`, `slots_net`, `slots_cloud` hold their parts)
    envelope   the transport forms that a syslog line comes in
    generate   templates -> lines, seeded per template
    features   lines -> tokens and numeric features, by the program itself (`logtriage features`)
    vectorise  tokens -> tf-idf rows
    linear     the linear half of the classifier, and the choice of columns
    classifier the committee of both halves and its export } `onnx_trees` holds what both
    anomaly    IsolationForest and its export              } exports share
    calibrate  temperature and quantile knots, from products that were held out
    folds      splits by product
    metrics    the figures
    votes      verdicts and votes of the program itself (`logtriage classify --votes`)
    evaluate   what held-out products get from each member and from the ensemble
    caution    reliability, and the curve of what forwarding by score catches and costs
    contributions  what each part of a verdict adds
    machines   held-out products that watch large machines
    bundle     everything written, digested
    golden     the proof lines a bundle carries
    parity     the predictions that the program must reproduce
    validate   the same figures on an external file
    card       the model card (`card_sections`, `markdown`)
    traffic    a simulated day and real logs: how much is forwarded, and what

Tokens and numeric features are never computed here: training and serving share one
implementation, the program's.
"""
