"""The task of django-q2's best: nothing."""


def nothing(number: int) -> None:
    pass
