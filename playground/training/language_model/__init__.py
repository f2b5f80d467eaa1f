"""A language model from nothing: a text becomes a tokenizer and a tiny model, whose random weights then learn it.

Who does what::

    request, events   what is asked, what is told meanwhile and what comes back
    corpus            the text: pasted, or written by the story grammar; what is kept back from training
    tokenizer         characters or BPE, and the merges as they were learned
    shape             a Llama or GPT-2 of a given size; its numbers counted before it is made
    samples           what it writes at a checkpoint, and where a head looks
    fit               the training itself, by transformers' `Trainer`
    receipt           the same as a plain script
"""
