"""Files that are not as they were written."""


def damaged(data):
    """Yield the file cut off after every byte, with a byte more, and with a bit of each changed."""
    for n in range(len(data)):
        yield data[:n]
    yield data + b"\0"
    for i in range(len(data)):
        yield data[:i] + bytes([data[i] ^ 1]) + data[i + 1 :]
