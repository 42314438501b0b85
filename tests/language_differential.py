"""CPython's own literal parser, for tests/language_differential.rs.

In: one JSON text per line on stdin. Out: one JSON object per line: {"value": ..., "differs": [names]}, or "rejected"
instead of "value" for a text that Python rejects. "differs" contains the names of the deliberate differences in the text.
"""

import ast
import io
import json
import re
import struct
import sys
import tokenize
import warnings

CONSTANTS = {"true": True, "false": False, "null": None}
REJECTIONS = (SyntaxError, ValueError, TypeError, MemoryError, RecursionError)
OTHER_TYPES = {set: "set", complex: "complex number", type(...): "ellipsis"}


class Differs(Exception):
    """A value that Python supports and the gateway deliberately rejects."""


class Gateway(ast.NodeTransformer):
    """The gateway's extensions of Python: JSON's constants, and bytes as texts."""

    def visit_Name(self, node):
        return ast.copy_location(ast.Constant(CONSTANTS[node.id]), node) if node.id in CONSTANTS else node

    def visit_Constant(self, node):
        if isinstance(node.value, bytes):
            node.value = text_of(node.value)
        return node


def canonical(value):
    """The value with explicit types, to distinguish 1, 1.0 and True."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise Differs("integer over 64 bits")
        return {"int": str(value)}
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise Differs("float that is not finite")
        return {"float": struct.pack(">d", value).hex()}
    if isinstance(value, str):
        return {"text": text_of(value)}
    if isinstance(value, (list, tuple)):
        return {"list": [canonical(item) for item in value]}
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise Differs("key that is not a text")
        return {"map": [[text_of(key), canonical(member)] for key, member in value.items()]}
    raise Differs(OTHER_TYPES[type(value)])


def text_of(value):
    try:
        text = value.decode() if isinstance(value, bytes) else value
        text.encode()
        return text
    except UnicodeDecodeError:
        raise Differs("bytes that are not UTF-8")
    except UnicodeEncodeError:
        raise Differs("lone surrogate")


def reject_constant(name):
    raise ValueError(name)


def python_value(text):
    tree = Gateway().visit(ast.parse(text.lstrip(" \t"), mode="eval"))
    value = ast.literal_eval(tree)
    # The values that a repeated key discards must be valid for the gateway, too.
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, member in zip(node.keys, node.values):
                canonical({ast.literal_eval(key): ast.literal_eval(member)})
    return value


def value_of(text):
    """JSON first, then Python, then Python with line breaks outside of brackets."""
    try:
        return json.loads(text, parse_constant=reject_constant), []
    except ValueError:
        pass
    try:
        return python_value(text), []
    except REJECTIONS:
        pass
    if not text.replace("\\\n", "").strip() or text.endswith("\\"):
        raise ValueError(text)
    # Two kinds of brackets, so that the text cannot close them.
    python_value("[" + text + "\n]")
    return python_value("(" + text + "\n)"), ["line break outside of brackets"]


def lexical_differences(text):
    depth = 0
    previous = ""
    for token in tokenize.generate_tokens(io.StringIO("(" + text + "\n)").readline):
        if token.type == tokenize.COMMENT:
            yield "comment"
        if token.type == tokenize.NUMBER and re.match(r"0[0-9_]", token.string):
            yield "leading zeros"
        if token.type == tokenize.STRING and re.search(r"(?<!\\)(\\\\)*\\N\{", token.string):
            if not set(re.match(r"\w*", token.string)[0].lower()) & set("br"):
                yield "character by name"
        if token.string == "(" and previous in ("+", "-"):
            yield "sign before a bracket"
        depth += (token.string in ("(", "[", "{")) - (token.string in (")", "]", "}"))
        if depth > 33:
            yield "depth"
        if token.type not in (tokenize.NL, tokenize.COMMENT):
            previous = token.string


def parse(text):
    rejections = []
    try:
        value, leniencies = value_of(text)
        value = canonical(value)
    except Differs as name:
        rejections = [str(name)]
    except REJECTIONS:
        return {"rejected": True, "differs": []}
    try:
        json.loads(text, parse_constant=reject_constant)
        lexical = {"depth"}.intersection(lexical_differences(text))
    except ValueError:
        lexical = set(lexical_differences(text))
    rejections += sorted(lexical)
    if rejections:
        return {"rejected": True, "differs": rejections}
    return {"value": value, "differs": leniencies}


def main():
    warnings.simplefilter("ignore")
    sys.setrecursionlimit(10_000)
    texts = [json.loads(line) for line in sys.stdin]
    for text in texts:
        print(json.dumps(parse(text)))


main()
