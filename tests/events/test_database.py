"""The database's trouble is said in words."""

import psycopg
import pytest
from django.db import DatabaseError, OperationalError

from events.database import in_words


def django_error(error: psycopg.Error) -> DatabaseError:
    made = OperationalError(*error.args)
    made.__cause__ = error
    return made


@pytest.mark.parametrize(
    ("error", "meaning"),
    [
        (psycopg.errors.DiskFull("could not extend file: No space left\nHINT: Check free space."), "disk is full"),
        (psycopg.errors.TooManyConnections("FATAL: sorry, too many clients already"), "takes no more connections"),
        (psycopg.errors.UndefinedTable('relation "events_event" does not exist'), "run `manage.py migrate`"),
        (psycopg.OperationalError("connection is bad: Connection refused"), "does not run, or refuses connections"),
        (psycopg.OperationalError("FATAL: the database system is starting up"), "is starting"),
        (psycopg.OperationalError("database hub is not currently accepting connections"), "refuses connections"),
    ],
)
def test_known_trouble_has_a_sentence_and_the_words_of_the_database(error, meaning):
    said = in_words(django_error(error))
    assert meaning in said
    assert str(error).split("\n")[0][:30] in said
    assert "\n" not in said


def test_unknown_trouble_is_said_as_it_came_on_one_line():
    assert in_words(OperationalError("something\n  else")) == "something else"
