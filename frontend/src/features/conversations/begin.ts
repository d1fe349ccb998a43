import { createConversation, deleteConversation, sendMessage, type Place } from "@/api/conversations";
import { uploadFiles } from "@/api/uploads";
import { sortFiles } from "@/lib/read-file";

/** Begins a conversation with a message and its files, and returns its id. */
export async function begin(text: string, files: readonly File[], place: Place | null): Promise<string> {
  const { pictures, others } = await sortFiles(files);
  if (others.length === 0) return createConversation(text, place, pictures);
  // Files need a workspace to go to: the message comes after them.
  const id = await createConversation(null, place);
  try {
    await sendMessage(id, { text, pictures, files: await uploadFiles(id, others) });
  } catch (error) {
    // The message goes back into its field, so nothing is left that somebody would miss.
    await deleteConversation(id).catch(() => undefined);
    throw error;
  }
  return id;
}
