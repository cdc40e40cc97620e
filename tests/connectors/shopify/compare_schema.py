"""Compare the project's own small Shopify schema with the vendor's full one, and validate every document against both.

    python tests/connectors/shopify/compare_schema.py <path to the full schema in SDL>

Exits 0 where the small schema is a true part of the full one, 1 with one line per difference, 2 without a file.
"""

from __future__ import annotations

import sys
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
    build_schema,
    is_required_argument,
    parse,
    validate,
)

ROOT = Path(__file__).resolve().parents[3]
SMALL = ROOT / "connectors" / "shopify" / "schema.graphql"


def differences(small: GraphQLSchema, full: GraphQLSchema) -> list[str]:
    """One line for everything the small schema says otherwise than the full one."""
    found = []
    if small.query_type is None or full.query_type is None or small.query_type.name != full.query_type.name:
        found.append("schema: the query type has another name")
    for name, ours in small.type_map.items():
        if name.startswith("__"):
            continue
        theirs = full.type_map.get(name)
        if theirs is None:
            found.append(f"{name}: no such type")
        elif type(ours) is not type(theirs):
            found.append(f"{name}: is a {type(theirs).__name__}, not a {type(ours).__name__}")
        else:
            found += [f"{name}{line}" for line in _type_differences(ours, theirs)]
    return found


def _type_differences(ours: GraphQLNamedType, theirs: GraphQLNamedType) -> list[str]:
    if isinstance(ours, GraphQLScalarType):
        return []
    if isinstance(ours, GraphQLEnumType):
        return [f".{value}: no such value" for value in ours.values if value not in theirs.values]
    if isinstance(ours, GraphQLUnionType):
        members = {member.name for member in theirs.types}
        return [f": has no member {member.name}" for member in ours.types if member.name not in members]
    found = []
    if isinstance(ours, GraphQLObjectType | GraphQLInterfaceType):
        known = {interface.name for interface in theirs.interfaces}
        found += [f": does not implement {one.name}" for one in ours.interfaces if one.name not in known]
    for name, field in ours.fields.items():
        other = theirs.fields.get(name)
        if other is None:
            found.append(f".{name}: no such field")
            continue
        if str(field.type) != str(other.type):
            found.append(f".{name}: is {other.type}, not {field.type}")
        if isinstance(ours, GraphQLInputObjectType):
            continue
        if other.deprecation_reason and not field.deprecation_reason:
            found.append(f".{name}: is deprecated")
        found += [f".{name}{line}" for line in _argument_differences(field, other)]
    return found


def _argument_differences(ours, theirs) -> list[str]:
    found = []
    for name, argument in ours.args.items():
        other = theirs.args.get(name)
        if other is None:
            found.append(f"({name}): no such argument")
        elif str(argument.type) != str(other.type):
            found.append(f"({name}): is {other.type}, not {argument.type}")
        elif argument.default_value != other.default_value:
            found.append(f"({name}): defaults to {other.default_value!r}, not {argument.default_value!r}")
    missing = [name for name, one in theirs.args.items() if is_required_argument(one) and name not in ours.args]
    return found + [f"({name}): a required argument is missing" for name in missing]


def invalid_documents(schema: GraphQLSchema, title: str) -> list[str]:
    """One line for every error of every document of the provider."""
    from connectors.shopify import documents

    found = []
    for name in documents.names():
        for error in validate(schema, parse(documents.document(name))):
            found.append(f"{name}: not valid against the {title} schema: {error.message}")
    return found


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        print(__doc__)
        return 2
    sys.path.insert(0, str(ROOT))
    small = build_schema(SMALL.read_text(encoding="utf-8"))
    # The vendor's schema has deprecated fields where its interfaces have none: it is taken as valid.
    full = build_schema(Path(arguments[0]).read_text(encoding="utf-8"), assume_valid=True)
    found = [*differences(small, full), *invalid_documents(small, "small"), *invalid_documents(full, "full")]
    for line in found:
        print(line)
    print(
        f"{len(found)} differences."
        if found
        else "The small schema is a true part of the full one; all documents are valid."
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
