/** The list of conversations, and where a new one begins. */
export const conversations = {
  label: "Conversations",
};
