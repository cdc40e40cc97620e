"""Write the project's own small Shopify schema: what it has already and what the documents use, as the vendor declares it.

    python tests/connectors/shopify/extend_schema.py <path to the full schema in SDL> [text file ...]

Of input types it takes the required fields, those it had, and those whose names stand in one of the text files; of
enums likewise, small ones whole. Not for checking: that is ``compare_schema.py``.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from pathlib import Path

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_schema,
    get_named_type,
    is_required_argument,
    is_required_input_field,
    parse,
    print_type,
    specified_scalar_types,
    visit,
)

ROOT = Path(__file__).resolve().parents[3]
SMALL = ROOT / "connectors" / "shopify" / "schema.graphql"
WHOLE_ENUM = 45  # an enum of at most so many values is taken whole
HEAD = """# The part of Shopify's Admin schema 2026-10 that the documents and the sandbox of this provider use, and nothing else.
# Every type, field, argument and nullability is the vendor's own; enums and inputs may lack what is not used here.
# Source: https://shopify.dev/docs/api/admin-graphql/2026-10, checked 2026-11-20. The documents are validated against
# this file in the tests, and every document the sandbox is sent.

schema {
  query: QueryRoot
  mutation: Mutation
}

directive @idempotent(key: String!) on FIELD
"""


class Used(Visitor):
    """Fields and arguments by type, enum values and input types a document touches."""

    def __init__(self, info: TypeInfo, fields: dict[str, dict[str, set[str]]], types: set[str]) -> None:
        super().__init__()
        self.info, self.fields, self.types = info, fields, types

    def enter_field(self, node, *_):
        parent, definition = self.info.get_parent_type(), self.info.get_field_def()
        if definition is None or node.name.value.startswith("__"):
            return
        arguments = self.fields[parent.name][node.name.value]
        arguments |= {one.name.value for one in node.arguments or ()}
        self.types.add(get_named_type(definition.type).name)

    def enter_fragment_definition(self, node, *_):
        self.types.add(node.type_condition.name.value)

    def enter_inline_fragment(self, node, *_):
        if node.type_condition:
            self.types.add(node.type_condition.name.value)

    def enter_variable_definition(self, node, *_):
        kind = node.type
        while hasattr(kind, "type"):
            kind = kind.type
        self.types.add(kind.name.value)


def collect(full: GraphQLSchema, small: GraphQLSchema | None, texts: list[str]):
    fields: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    types: set[str] = set()
    for text in texts:
        info = TypeInfo(full)
        visit(parse(text), TypeInfoVisitor(info, Used(info, fields, types)))
    if small is not None:
        for name, kind in small.type_map.items():
            if name.startswith("__"):
                continue
            types.add(name)
            if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
                for field_name, field in kind.fields.items():
                    fields[name][field_name] |= set(field.args)
    return fields, types


def reduced(full: GraphQLSchema, small: GraphQLSchema | None, texts: list[str], words: set[str]) -> str:
    fields, types = collect(full, small, texts)
    for kind, own in fields.items():
        types.add(kind)
        for name, arguments in own.items():
            field = full.type_map[kind].fields[name]
            arguments |= {one for one, argument in field.args.items() if is_required_argument(argument)}
            types.add(get_named_type(field.type).name)
            types |= {get_named_type(field.args[one].type).name for one in arguments}
    inputs: dict[str, set[str]] = {}
    waiting = [name for name in types if isinstance(full.type_map[name], GraphQLInputObjectType)]
    while waiting:
        name = waiting.pop()
        if name in inputs:
            continue
        kind = full.type_map[name]
        old = set(small.type_map[name].fields) if small and name in small.type_map else set()
        inputs[name] = {
            one for one, field in kind.fields.items() if one in old or is_required_input_field(field) or one in words
        }
        if not inputs[name]:
            inputs[name] = set(list(kind.fields)[:1])
        for one in inputs[name]:
            inner = get_named_type(kind.fields[one].type)
            types.add(inner.name)
            if isinstance(inner, GraphQLInputObjectType):
                waiting.append(inner.name)
    types |= set(inputs)
    # An interface or union needs members to be answered with; the objects used say which.
    for name in list(types):
        kind = full.type_map[name]
        if isinstance(kind, GraphQLInterfaceType):
            for member in full.get_possible_types(kind):
                if member.name in types:
                    for field_name, arguments in fields[name].items():
                        fields[member.name][field_name] |= arguments
    parts = []
    for name in sorted(types):
        kind = full.type_map[name]
        if kind in specified_scalar_types.values() or name in specified_scalar_types:
            continue
        old = small.type_map.get(name) if small else None
        parts.append(_printed(kind, fields.get(name, {}), inputs.get(name, set()), types, words, old))
    return "\n\n".join(part for part in parts if part) + "\n"


def _printed(kind: GraphQLNamedType, own, input_fields, types, words, old) -> str:
    if isinstance(kind, GraphQLScalarType):
        return f"scalar {kind.name}"
    if isinstance(kind, GraphQLUnionType):
        members = [one.name for one in kind.types if one.name in types]
        return f"union {kind.name} = {' | '.join(members)}"
    if isinstance(kind, GraphQLEnumType):
        known = set(old.values) if old else set()
        values = [v for v in kind.values if len(kind.values) <= WHOLE_ENUM or v in known or v in words]
        lines = []
        for value in values:
            if len(lines) == 0 or len(lines[-1]) + len(value) > 110:
                lines.append(" ")
            lines[-1] += f" {value}"
        return f"enum {kind.name} {{\n" + "\n".join(lines) + "\n}"
    if isinstance(kind, GraphQLInputObjectType):
        one_of = " @oneOf" if kind.is_one_of else ""
        rows = []
        for name in sorted(input_fields):
            line = re.search(rf"^  {name}: .*$", print_type(kind), re.M)
            rows.append(line[0])
        return f"input {kind.name}{one_of} {{\n" + "\n".join(rows) + "\n}"
    keyword = "interface" if isinstance(kind, GraphQLInterfaceType) else "type"
    interfaces = [one.name for one in kind.interfaces if one.name in types]
    implements = f" implements {' & '.join(interfaces)}" if interfaces else ""
    rows = []
    for name in sorted(own):
        field = kind.fields[name]
        arguments = []
        for argument_name in sorted(own[name]):
            argument = field.args[argument_name]
            default = ""
            if argument.ast_node and argument.ast_node.default_value is not None:
                from graphql import print_ast

                default = f" = {print_ast(argument.ast_node.default_value)}"
            arguments.append(f"{argument_name}: {argument.type}{default}")
        listed = f"({', '.join(arguments)})" if arguments else ""
        deprecated = (
            f' @deprecated(reason: "{field.deprecation_reason.split(chr(10))[0]}")' if field.deprecation_reason else ""
        )
        rows.append(f"  {name}{listed}: {field.type}{deprecated}")
    return f"{keyword} {kind.name}{implements} {{\n" + "\n".join(rows) + "\n}"


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__)
        return 2
    sys.path.insert(0, str(ROOT))
    from connectors.shopify import documents

    full = build_schema(Path(arguments[0]).read_text(encoding="utf-8"), assume_valid=True)
    small = build_schema(SMALL.read_text(encoding="utf-8")) if SMALL.exists() else None
    words = set(re.findall(r"\w+", " ".join(Path(one).read_text(encoding="utf-8") for one in arguments[1:])))
    extra = re.findall(r"^```graphql\n(.*?)```", "\n".join(Path(one).read_text() for one in arguments[1:]), re.M | re.S)
    texts = [documents.document(name) for name in documents.names()]
    texts += [one for one in extra if not one.lstrip().startswith("{")]
    SMALL.write_text(HEAD + "\n" + reduced(full, small, texts, words), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
