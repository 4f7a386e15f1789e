// Files out of a drop, folders looked through.

/** All entries of a folder: the browser hands them out in pages. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const page = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (page.length === 0) return all;
    all.push(...page);
  }
}

async function walk(entry: FileSystemEntry, path: string): Promise<File[]> {
  if (entry.isDirectory) {
    const inside = await entriesOf(entry as FileSystemDirectoryEntry);
    const files = await Promise.all(inside.map((one) => walk(one, `${path}${entry.name}/`)));
    return files.flat();
  }
  const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
  // The name carries the way through the folders: a key is a path.
  return [path === '' ? file : new File([file], path + file.name, { type: file.type, lastModified: file.lastModified })];
}

export async function filesOf(drop: DataTransfer): Promise<File[]> {
  // Entries have to be taken before the first pause: the drop is empty afterwards.
  const entries = Array.from(drop.items, (item) => item.webkitGetAsEntry?.() ?? null);
  const plain = [...drop.files];
  if (!entries.some((entry) => entry?.isDirectory)) return plain;
  const found = await Promise.all(entries.filter((entry) => entry !== null).map((entry) => walk(entry, '')));
  return found.flat();
}
