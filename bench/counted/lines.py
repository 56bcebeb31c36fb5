"""Lines, and values that change: numbers, texts, lists."""


def main() -> list[str]:
    total, texts = 0, []
    for number in range(1_500):
        total += number * 3
        text = f"number {number}"
        texts.append(text)
        if number % 7 == 0:
            texts = texts[-3:]
    return texts


main()
