import asyncio
import unittest


def setUpModule():  # noqa: N802
    print("module up")


class Checks(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):  # noqa: N802
        self.addAsyncCleanup(asyncio.sleep, 0)

    async def test_good(self):
        await asyncio.sleep(0)
        print("good")

    async def test_bad(self):
        raise ValueError("bad")


if __name__ == "__main__":
    unittest.main()
