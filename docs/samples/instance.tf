variable "image_id" {
  type = string
}

variable "vswitch_id" {
  type = string
}

variable "security_group_id" {
  type = string
}

variable "rollcall_url" {
  type = string
}

variable "hardened_only" {
  description = <<-EOT
    Whether metadata requests need a token, so that a plain SSRF gets no identity. Only for Linux with
    cloud-init 23.2.2 or newer; a custom image also needs ImdsSupport=v2. Never for Windows. An instance
    that does not meet this finds no user data, so it never enrolls.
  EOT
  type        = bool
  default     = false
}

locals {
  user_data = <<-EOT
    #cloud-config
    runcmd:
      - [mkdir, -p, -m, '0700', /var/lib/rollcall]
      - [rollcall, enroll, "${var.rollcall_url}", --role, worker, --dpop-key, /var/lib/rollcall/key.json, --exec, /usr/local/bin/join]
  EOT
}

resource "alicloud_instance" "worker" {
  instance_name   = "worker"
  image_id        = var.image_id
  instance_type   = "ecs.g8i.large"
  vswitch_id      = var.vswitch_id
  security_groups = [var.security_group_id]
  http_endpoint   = "enabled"
  http_tokens     = var.hardened_only ? "required" : "optional"
  user_data       = base64encode(local.user_data)
}
