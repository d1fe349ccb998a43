/** Returns a file as a `data:` address. */
export function readAsDataUrl(file: File): Promise<string> {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(typeof reader.result === "string" ? reader.result : "");
    reader.onerror = () => failed(reader.error ?? new Error(file.name));
    reader.readAsDataURL(file);
  });
}

/** Pictures that models look at. */
export function isPicture(file: File): boolean {
  return ["image/png", "image/jpeg", "image/gif", "image/webp"].includes(file.type);
}
