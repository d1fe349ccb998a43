import { useMutation, useQueryClient } from "@tanstack/react-query";

import { saveSettings, settingsQuery, configQuery, type SettingsChange } from "@/api/settings";
import { modelsQuery } from "@/api/models";

/** Saves a part of the settings; done when everything shows what is stored. */
export function useSaveSettings() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: SettingsChange) => saveSettings(change),
    onSuccess: async () => {
      const changed = [settingsQuery.queryKey, configQuery.queryKey, modelsQuery.queryKey];
      await Promise.all(changed.map((queryKey) => queries.invalidateQueries({ queryKey })));
    },
  });
}
