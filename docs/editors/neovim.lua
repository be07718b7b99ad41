-- The language server of enasc in Neovim. From 0.11 on, three lines of docs/editors.md do
-- the same; this works from 0.7 on: `:source docs/editors/neovim.lua`, or put it into
-- ~/.config/nvim/plugin/enas.lua.

local function start(buffer)
  local name = vim.api.nvim_buf_get_name(buffer)
  local root = vim.fn.fnamemodify(name, ":h")
  local repository = vim.fn.finddir(".git", root .. ";")
  if repository ~= "" then
    root = vim.fn.fnamemodify(repository, ":p:h:h")
  end
  local client = vim.lsp.start_client({
    name = "enasc",
    cmd = { vim.g.enasc or "enasc", "lsp" },
    root_dir = root,
    workspace_folders = { { uri = vim.uri_from_fname(root), name = root } },
  })
  if client then
    vim.lsp.buf_attach_client(buffer, client)
    vim.bo[buffer].omnifunc = "v:lua.vim.lsp.omnifunc"
  end
end

vim.api.nvim_create_autocmd({ "BufRead", "BufNewFile" }, {
  pattern = "*.enas",
  callback = function(event)
    vim.bo[event.buf].filetype = "enas"
    vim.bo[event.buf].commentstring = "// %s"
    vim.bo[event.buf].shiftwidth = 2
    vim.bo[event.buf].expandtab = true
    start(event.buf)
  end,
})
