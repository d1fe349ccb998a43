/** Returns a file as a `data:` address. */
export function readAsDataUrl(file: File): Promise<string> {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(typeof reader.result === "string" ? reader.result : "");
    reader.onerror = () => failed(reader.error ?? new Error(file.name));
    reader.readAsDataURL(file);
  });
}

/** Pictures go with their message, which is one frame of a socket; larger ones go into the workspace instead. */
const PICTURES_LIMIT = 3_000_000;

/** Returns the pictures that fit into a message, and the files that do not belong there. */
export async function sortFiles(files: readonly File[]): Promise<{ pictures: string[]; others: File[] }> {
  const pictures: string[] = [];
  const others: File[] = [];
  let room = PICTURES_LIMIT;
  for (const file of files) {
    if (isPicture(file) && file.size * 1.4 < room) {
      const picture = await readAsDataUrl(file);
      room -= picture.length;
      pictures.push(picture);
    } else others.push(file);
  }
  return { pictures, others };
}

/** Pictures that models look at. */
export function isPicture(file: File): boolean {
  return ["image/png", "image/jpeg", "image/gif", "image/webp"].includes(file.type);
}
