// The formats of pictures, by the endings of keys: the server's `Format::parse`, and what it writes without being asked.

/** The ending of what is made of a source where no format is named; what is only read becomes its nearest relative. */
const WRITTEN: ReadonlyMap<string, string> = new Map([
  ['jpg', 'jpg'], ['jpeg', 'jpg'], ['png', 'png'], ['webp', 'webp'], ['avif', 'avif'], ['gif', 'gif'], ['bmp', 'bmp'],
  ['heic', 'jpg'], ['heif', 'jpg'], ['tif', 'jpg'], ['tiff', 'jpg'], ['svg', 'png'],
]);

/** The ending that a picture with this key keeps, in the server's spelling; none where the key does not end like a picture's. */
export const keptEnding = (key: string): string | undefined => WRITTEN.get((/\.([^.]*)$/.exec(key)?.[1] ?? '').toLowerCase());

/** Whether an object says that it is a picture, by its type or its key's ending. */
export const isPicture = (key: string, type?: string | null): boolean => type?.startsWith('image/') === true || keptEnding(key) !== undefined;
