"""PDF and Word files with Vietnamese text, scanned, locked or damaged ones among them, made in memory."""

from io import BytesIO

import docx
from docx.oxml import OxmlElement
from PIL import Image


def pdf(*pages: str) -> bytes:
    """A PDF with a line of text a page. Characters have codes of their own, and a table says which, as in real ones."""
    codes = {character: code for code, character in enumerate(sorted(set("".join(pages))), start=1)}
    table = "\n".join(f"<{code:02x}> <{character.encode('utf-16-be').hex()}>" for character, code in codes.items())
    cmap = (
        f"/CIDInit /ProcSet findresource begin begincmap 1 begincodespacerange <01> <ff> endcodespacerange\n"
        f"{len(codes)} beginbfchar\n{table}\nendbfchar endcmap end"
    )
    kids = " ".join(f"{5 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode 4 0 R >>",
        stream(cmap),
    ]
    for number, text in enumerate(pages):
        shown = "".join(f"{codes[character]:02x}" for character in text)
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {6 + 2 * number} 0 R"
            " /Resources << /Font << /F 3 0 R >> >> >>".encode()
        )
        objects.append(stream(f"BT /F 12 Tf 40 800 Td <{shown}> Tj ET"))
    file = b"%PDF-1.4\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, o) for n, o in enumerate(objects, start=1))
    return file + b"trailer << /Root 1 0 R /Size %d >>\n%%%%EOF\n" % (len(objects) + 1)


def scan() -> bytes:
    """A PDF of one page that is a picture, as scanners make it."""
    out = BytesIO()
    Image.new("L", (620, 877), 240).save(out, "PDF")
    return out.getvalue()


def locked_pdf() -> bytes:
    """A PDF that opens with a password only: 40-bit RC4, with a check value that no empty password gives."""
    key = b"<" + b"5a" * 32 + b">"
    lock = b"<< /Filter /Standard /V 1 /R 2 /P -44 /O %s /U %s >> /ID [<00> <00>]" % (key, key)
    return pdf("Có mật khẩu").replace(b"trailer << ", b"trailer << /Encrypt " + lock + b" ")


def locked_word_file() -> bytes:
    """What Word writes with a password: a compound file whose directory names the stream of the encrypted document."""
    header = bytes.fromhex("d0cf11e0a1b11ae1").ljust(512, b"\0")
    directory = b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", "EncryptedPackage"))
    return header + directory.ljust(512, b"\0")


def stream(text: str) -> bytes:
    return f"<< /Length {len(text)} >>\nstream\n{text}\nendstream".encode()


def word_file(*pages: str, row: tuple[str, ...] = ()) -> bytes:
    """A Word file with a paragraph a page, parted as Word writes it, and a table of one row."""
    document = docx.Document()
    for number, text in enumerate(pages):
        run = document.add_paragraph().add_run()
        if number:
            run._r.append(OxmlElement("w:lastRenderedPageBreak"))
        run.add_text(text)
    if row:
        table = document.add_table(rows=1, cols=len(row))
        for cell, text in zip(table.rows[0].cells, row, strict=True):
            cell.text = text
    out = BytesIO()
    document.save(out)
    return out.getvalue()
